"""What all orders come to, per currency."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.orders.ports import OrderFilter, OrderTotal, OrderViews


class TotalOrdersQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders to add up."""

    actor: Actor
    wanted: OrderFilter = OrderFilter()


class TotalOrders:
    """For staff."""

    access = staff(Permission.ORDERS_READ)

    def __init__(self, views: OrderViews) -> None:
        self._views = views

    async def __call__(self, query: TotalOrdersQuery) -> tuple[OrderTotal, ...]:
        self.access.check(query.actor)
        return await self._views.totals(query.wanted)
