"""Products by the hundred in SQL."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from tradepost.catalog.product import Product
from tradepost_adapters.sql.catalog import PRODUCTS_OF_EXTERNAL_IDS, SqlProducts
from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.statements import Statement, in_list
from tradepost_adapters.sql.tables.catalog import products, variants

_SKUS = Statement(select(variants.c.sku, variants.c.product_id).where(in_list(variants.c.sku, "skus")), name="skus.of")
_SLUGS = Statement(select(products.c.slug, products.c.id).where(in_list(products.c.slug, "slugs")), name="slugs.of")


class SqlCatalogBook:
    """`CatalogBook` in SQL."""

    def __init__(self, connection: Connection, products: SqlProducts) -> None:
        self._connection = connection
        self._products = products

    async def products(self, external_ids: Sequence[str], /) -> Mapping[str, Product]:
        found = await self._products.found(PRODUCTS_OF_EXTERNAL_IDS, {"external_ids": external_ids})
        return {product.external_id: product for product in found if product.external_id is not None}

    async def owners_of_skus(self, skus: Sequence[str], /) -> Mapping[str, str]:
        return dict(await self._connection.all(_SKUS, {"skus": skus}))

    async def owners_of_slugs(self, slugs: Sequence[str], /) -> Mapping[str, str]:
        return dict(await self._connection.all(_SLUGS, {"slugs": slugs}))

    async def add(self, products: Sequence[Product], /) -> None:
        await self._products.add_all(products)
