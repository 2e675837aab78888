"""What happened to an order: its history, its payments, its refunds, its disputes."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import own_or
from tradepost.kernel.tokens import GuestTokens
from tradepost.orders.ports import OrderViews
from tradepost.orders.reading import require_access
from tradepost.orders.views import HistoryView, PaymentView, RefundView
from tradepost.payments.ports import DisputeViews
from tradepost.payments.views import DisputeView


class OrderStoryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which order; a guest shows its token."""

    actor: Actor
    order_id: str
    order_token: str | None = None


class OrderStory(msgspec.Struct, frozen=True, kw_only=True):
    """Oldest first, all of them."""

    history: tuple[HistoryView, ...]
    payments: tuple[PaymentView, ...]
    refunds: tuple[RefundView, ...]
    disputes: tuple[DisputeView, ...]


class GetOrderStory:
    """Raises NotFound when there is no such order, and when it is somebody else's."""

    access = own_or(Permission.ORDERS_READ, by_token=True)

    def __init__(self, views: OrderViews, disputes: DisputeViews, tokens: GuestTokens) -> None:
        self._views = views
        self._disputes = disputes
        self._tokens = tokens

    async def __call__(self, query: OrderStoryQuery) -> OrderStory:
        order = await self._views.get(query.order_id)
        require_access(
            self.access,
            query.actor,
            order_id=order.id,
            customer_id=order.customer_id,
            token=query.order_token,
            tokens=self._tokens,
        )
        return OrderStory(
            history=await self._views.history(order.id),
            payments=await self._views.payments(order.id),
            refunds=await self._views.refunds(order.id),
            disputes=await self._disputes.of_order(order.id),
        )
