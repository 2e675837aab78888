"""Look at one category."""

import msgspec

from tradepost.catalog.reading import CatalogReading
from tradepost.catalog.views import CategoryView
from tradepost.kernel.declared import anybody


class GetCategoryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`category` is its id or its slug. Everybody may see categories."""

    category: str


class GetCategory:
    """Raises `category.not_found`."""

    access = anybody()

    def __init__(self, reading: CatalogReading) -> None:
        self._reading = reading

    async def __call__(self, query: GetCategoryQuery) -> CategoryView:
        return await self._reading.category(query.category)
