"""What all orders come to, per currency."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.orders.ports import OrderFilter, OrderTotal, OrderViews


class TotalOrdersQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders to add up."""

    actor: Actor
    wanted: OrderFilter = OrderFilter()


class TotalOrders:
    """For staff."""

    def __init__(self, views: OrderViews) -> None:
        self._views = views

    async def __call__(self, query: TotalOrdersQuery) -> tuple[OrderTotal, ...]:
        query.actor.require(Permission.ORDERS_READ)
        return await self._views.totals(query.wanted)
