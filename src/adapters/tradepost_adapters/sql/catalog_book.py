"""Products by the hundred in SQL."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select

from tradepost.catalog.product import Product
from tradepost_adapters.sql.catalog import PRODUCT_COLUMNS, VARIANT_COLUMNS, SqlProducts, product_from
from tradepost_adapters.sql.connection import Connection, Row
from tradepost_adapters.sql.statements import Statement, in_list
from tradepost_adapters.sql.tables.catalog import product_categories, products, variant_prices, variants

_PRODUCTS = Statement(
    select(*PRODUCT_COLUMNS).where(in_list(products.c.external_id, "external_ids")), name="products.of_external_ids"
)
_VARIANTS = Statement(
    select(variants.c.product_id, *VARIANT_COLUMNS).where(in_list(variants.c.product_id, "ids")),
    name="variants.of_products",
)
_PRICES = Statement(
    select(variant_prices.c.variant_id, variant_prices.c.currency, variant_prices.c.amount).where(
        in_list(variant_prices.c.variant_id, "ids")
    ),
    name="variant_prices.of_variants",
)
_CATEGORIES = Statement(
    select(product_categories.c.product_id, product_categories.c.category_id).where(
        in_list(product_categories.c.product_id, "ids")
    ),
    name="product_categories.of_products",
)
_SKUS = Statement(select(variants.c.sku, variants.c.product_id).where(in_list(variants.c.sku, "skus")), name="skus.of")
_SLUGS = Statement(select(products.c.slug, products.c.id).where(in_list(products.c.slug, "slugs")), name="slugs.of")


class SqlCatalogBook:
    """`CatalogBook` in SQL."""

    def __init__(self, connection: Connection, products: SqlProducts) -> None:
        self._connection = connection
        self._products = products

    async def products(self, external_ids: Sequence[str], /) -> Mapping[str, Product]:
        """Four plain questions. One with a subquery for each product reads whole tables for each as long as Postgres
        has not looked at them, and after an import it has not."""
        rows = await self._connection.all(_PRODUCTS, {"external_ids": external_ids})
        ids = {"ids": [row[0] for row in rows]}
        variants_of = _by_first(await self._connection.all(_VARIANTS, ids) if rows else ())
        categories_of = _by_first(await self._connection.all(_CATEGORIES, ids) if rows else ())
        variant_ids = {"ids": [each[1] for several in variants_of.values() for each in several]}
        prices_of = _by_first(await self._connection.all(_PRICES, variant_ids) if variants_of else ())
        found = []
        for row in rows:
            mine = variants_of.get(row[0], [])
            prices = [(each[1], *price) for each in mine for price in prices_of.get(each[1], [])]
            found.append(product_from((*row, mine, prices, categories_of.get(row[0], []))))
        return {product.external_id: product for product in found if product.external_id is not None}

    async def owners_of_skus(self, skus: Sequence[str], /) -> Mapping[str, str]:
        return dict(await self._connection.all(_SKUS, {"skus": skus}))

    async def owners_of_slugs(self, slugs: Sequence[str], /) -> Mapping[str, str]:
        return dict(await self._connection.all(_SLUGS, {"slugs": slugs}))

    async def add(self, products: Sequence[Product], /) -> None:
        await self._products.add_all(products)


def _by_first(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The rest of each row, by its first column."""
    found: dict[str, list[Row]] = {}
    for first, *rest in rows:
        found.setdefault(first, []).append(tuple(rest))
    return found
