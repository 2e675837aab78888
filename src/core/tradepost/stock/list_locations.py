"""List the places where stock lies."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.pages import Page, PageRequest
from tradepost.stock.ports import StockViews
from tradepost.stock.views import LocationView


class ListLocationsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which page."""

    actor: Actor
    page: PageRequest = PageRequest()


class ListLocations:
    """Sorted by code or by name."""

    def __init__(self, views: StockViews) -> None:
        self._views = views

    async def __call__(self, query: ListLocationsQuery) -> Page[LocationView]:
        """Raises `page.invalid`."""
        query.actor.require(Permission.STOCK_READ)
        return await self._views.locations(query.page)
