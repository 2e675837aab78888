"""List the categories."""

import msgspec

from tradepost.catalog.reading import CatalogReading
from tradepost.catalog.views import CategoryView
from tradepost.kernel.declared import anybody
from tradepost.kernel.pages import Page, PageRequest


class ListCategoriesQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Those right under `parent_id`, or all. Everybody may see categories."""

    parent_id: str | None = None
    page: PageRequest = PageRequest()


class ListCategories:
    """Sorted by `position` or by `name`. Raises `page.invalid`."""

    access = anybody()

    def __init__(self, reading: CatalogReading) -> None:
        self._reading = reading

    async def __call__(self, query: ListCategoriesQuery) -> Page[CategoryView]:
        return await self._reading.categories(query.page, query.parent_id)
