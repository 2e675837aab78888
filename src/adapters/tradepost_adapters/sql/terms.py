"""The terms of sale in SQL: offers, tax rates and the shipping method in one statement."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Text, and_, bindparam, select

from tradepost.catalog.offer import Offer, offer_name
from tradepost.kernel.money import Money
from tradepost.orders.ports import SaleTerms
from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.statements import Statement, in_list
from tradepost_adapters.sql.tables.catalog import products, variant_prices, variants

_OFFERS = Statement(
    select(
        variants.c.sku,
        variants.c.id,
        variants.c.product_id,
        products.c.title,
        variants.c.title.label("variant_title"),
        variant_prices.c.amount,
        variants.c.tax_category,
        variants.c.weight_g,
        variants.c.tracked,
    )
    .join(products, products.c.id == variants.c.product_id)
    .outerjoin(
        variant_prices,
        and_(variant_prices.c.variant_id == variants.c.id, variant_prices.c.currency == bindparam("currency")),
    )
    .where(in_list(variants.c.sku, "skus"), products.c.status == "active"),
    name="terms.offers",
)
