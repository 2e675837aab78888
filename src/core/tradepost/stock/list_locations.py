"""List the places where stock lies."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.kernel.pages import Page, PageRequest
from tradepost.stock.ports import StockViews
from tradepost.stock.views import LocationView


class ListLocationsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which page."""

    actor: Actor
    page: PageRequest = PageRequest()


class ListLocations:
    """Sorted by code or by name."""

    access = staff(Permission.STOCK_READ)

    def __init__(self, views: StockViews) -> None:
        self._views = views

    async def __call__(self, query: ListLocationsQuery) -> Page[LocationView]:
        """Raises `page.invalid`."""
        self.access.check(query.actor)
        return await self._views.locations(query.page)
