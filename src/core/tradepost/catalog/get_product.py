"""Look at one product."""

import msgspec

from tradepost.catalog.reading import CatalogReading
from tradepost.catalog.views import ProductView
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import anybody


class GetProductQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`product` is its id or its slug."""

    actor: Actor
    product: str


class GetProduct:
    """With what is available now. One that is not published is there only for those who may change it.

    Raises `product.not_found`.
    """

    access = anybody(more_with=Permission.CATALOG_WRITE)

    def __init__(self, reading: CatalogReading) -> None:
        self._reading = reading

    async def __call__(self, query: GetProductQuery) -> ProductView:
        return await self._reading.product(query.product, drafts=self.access.held_by(query.actor))
