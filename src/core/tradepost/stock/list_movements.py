"""List what changed levels: when, by how much, why, and by whom."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.kernel.pages import Page, PageRequest
from tradepost.stock.ports import MovementFilter, StockViews
from tradepost.stock.views import MovementView


class ListMovementsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which movements, and which page of them."""

    actor: Actor
    wanted: MovementFilter = MovementFilter()
    page: PageRequest = PageRequest()


class ListMovements:
    """In the order they were written down, the latest first unless asked otherwise (`sort=id`)."""

    access = staff(Permission.STOCK_READ)

    def __init__(self, views: StockViews) -> None:
        self._views = views

    async def __call__(self, query: ListMovementsQuery) -> Page[MovementView]:
        """Raises `page.invalid`."""
        self.access.check(query.actor)
        return await self._views.movements(query.wanted, query.page)
