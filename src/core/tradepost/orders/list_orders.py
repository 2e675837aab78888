"""List orders: a customer's own, or for staff everybody's."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.pages import Page, PageRequest
from tradepost.orders.ports import OrderFilter, OrderViews
from tradepost.orders.views import OrderSummary


class ListOrdersQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders, and which page of them."""

    actor: Actor
    wanted: OrderFilter = OrderFilter()
    page: PageRequest = PageRequest()


class ListOrders:
    """A customer sees only their own, whatever the filter says. Raises `unauthenticated` for a guest."""

    def __init__(self, views: OrderViews) -> None:
        self._views = views

    async def __call__(self, query: ListOrdersQuery) -> Page[OrderSummary]:
        wanted = query.wanted
        if not query.actor.may(Permission.ORDERS_READ):
            if query.actor.customer_id is None or wanted.customer_id not in (None, query.actor.customer_id):
                query.actor.require(Permission.ORDERS_READ)
            wanted = msgspec.structs.replace(wanted, customer_id=query.actor.customer_id)
        return await self._views.list(wanted, query.page)
