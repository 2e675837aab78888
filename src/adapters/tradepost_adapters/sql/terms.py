"""The terms of sale in SQL: offers, tax rates and the shipping method in one statement, one row."""

from collections.abc import Sequence

from sqlalchemy import and_, bindparam, literal_column, or_, select

from tradepost.catalog.offer import Offer, offer_name
from tradepost.catalog.product import ProductStatus
from tradepost.kernel.money import Money
from tradepost.pricing.shipping import Tariff
from tradepost.pricing.taxes import Rate, TaxTable, place_key
from tradepost.pricing.terms import SaleTerms
from tradepost.stock.level import DEFAULT_LOCATION
from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.json_rows import json_rows
from tradepost_adapters.sql.pricing import method_from
from tradepost_adapters.sql.statements import Statement, in_list
from tradepost_adapters.sql.tables.catalog import products, variant_prices, variants
from tradepost_adapters.sql.tables.pricing import shipping_methods, tax_rates
from tradepost_adapters.sql.tables.stock import stock_levels

_price = (
    select(variant_prices.c.amount)
    .where(variant_prices.c.variant_id == variants.c.id, variant_prices.c.currency == bindparam("currency"))
    .scalar_subquery()
)
_available = (
    select(stock_levels.c.on_hand - stock_levels.c.reserved)
    .where(stock_levels.c.sku == variants.c.sku, stock_levels.c.location == literal_column(f"'{DEFAULT_LOCATION}'"))
    .scalar_subquery()
)
_TERMS = Statement(
    select(
        json_rows(
            variants,
            and_(in_list(variants.c.sku, "skus"), products.c.id == variants.c.product_id),
            variants.c.sku,
            variants.c.id,
            products.c.id,
            products.c.title,
            variants.c.title,
            _price,
            variants.c.tax_category,
            variants.c.weight_g,
            variants.c.tracked,
            _available,
            # Read and not asked for: without statistics SQLite would start at the published products, all of them.
            products.c.status,
            of=list[tuple[str, str, str, str, str, int | None, str, int, bool, int | None, str]],
        ).label("offers"),
        json_rows(
            tax_rates,
            and_(
                tax_rates.c.country == bindparam("country"),
                or_(tax_rates.c.region == "", tax_rates.c.region == bindparam("region")),
            ),
            tax_rates.c.region,
            tax_rates.c.category,
            tax_rates.c.rate,
            of=list[tuple[str, str, str]],
        ).label("rates"),
        json_rows(
            shipping_methods,
            shipping_methods.c.code == bindparam("code"),
            *shipping_methods.c,
            of=list[tuple[str, int, str, str, str, tuple[Tariff, ...], tuple[str, ...], bool]],
        ).label("methods"),
    ),
    name="terms.look_up",
)


class SqlTerms:
    """`Terms` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def look_up(
        self,
        skus: Sequence[str],
        /,
        *,
        currency: str,
        country: str | None,
        region: str | None,
        shipping_method: str | None,
    ) -> SaleTerms:
        where, region = place_key(country or "", region)
        row = await self._connection.one(
            _TERMS,
            {
                "skus": list(skus),
                "currency": currency,
                "country": where,
                "region": region,
                "code": shipping_method or "",
            },
        )
        assert row is not None  # noqa: S101 - three subqueries always make a row
        offers, rates, methods = row
        regional: dict[str, Rate] = {}
        national: dict[str, Rate] = {}
        for place, category, rate in rates:
            (regional if place else national)[category] = Rate.parse(rate)
        return SaleTerms(
            currency=currency,
            country=country,
            shipping_method=shipping_method,
            offers={
                sku: Offer(
                    sku=sku,
                    variant_id=variant_id,
                    product_id=product_id,
                    name=offer_name(title, variant_title),
                    price=Money(amount, currency) if amount is not None else None,
                    tax_category=tax_category,
                    weight_g=weight_g,
                    tracked=tracked,
                    available=available or 0,
                )
                for sku, variant_id, product_id, title, variant_title, amount, tax_category, weight_g, tracked, available, status in offers
                if status == ProductStatus.ACTIVE
            },
            taxes=TaxTable(regional, national),
            shipping=method_from(methods[0]) if methods else None,
        )
