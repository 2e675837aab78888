"""List orders: a customer's own, or for staff everybody's."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import own_or
from tradepost.kernel.errors import NotFound
from tradepost.kernel.pages import Page, PageRequest
from tradepost.orders.ports import OrderFilter, OrderViews
from tradepost.orders.views import OrderSummary


class ListOrdersQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders, and which page of them."""

    actor: Actor
    wanted: OrderFilter = OrderFilter()
    page: PageRequest = PageRequest()


class ListOrders:
    """A customer sees only their own, whatever the filter says. Raises `unauthenticated` for a guest, and NotFound to a
    customer who asks for somebody else's."""

    access = own_or(Permission.ORDERS_READ)

    def __init__(self, views: OrderViews) -> None:
        self._views = views

    async def __call__(self, query: ListOrdersQuery) -> Page[OrderSummary]:
        wanted = query.wanted
        if not self.access.held_by(query.actor):
            own = query.actor.customer_id
            if own is None:
                self.access.require_held(query.actor)
            if wanted.customer_id not in (None, own):
                raise NotFound("customer", wanted.customer_id)
            if wanted.user_id not in (None, query.actor.id):
                raise NotFound("user", wanted.user_id)
            wanted = msgspec.structs.replace(wanted, customer_id=own)
        return await self._views.list(wanted, query.page)
