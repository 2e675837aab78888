"""List how much lies where, or only what runs low."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.kernel.pages import Page, PageRequest
from tradepost.stock.ports import LevelFilter, StockViews
from tradepost.stock.views import LevelView


class ListLevelsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which levels, and which page of them."""

    actor: Actor
    wanted: LevelFilter = LevelFilter()
    page: PageRequest = PageRequest()


class ListLevels:
    """Sorted by SKU, location, or how much is available: that, with `low`, is what to reorder first."""

    access = staff(Permission.STOCK_READ)

    def __init__(self, views: StockViews) -> None:
        self._views = views

    async def __call__(self, query: ListLevelsQuery) -> Page[LevelView]:
        """Raises `page.invalid`."""
        self.access.check(query.actor)
        return await self._views.levels(query.wanted, query.page)
