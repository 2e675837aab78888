"""Read one order."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import own_or
from tradepost.kernel.tokens import GuestTokens
from tradepost.orders.ports import OrderViews
from tradepost.orders.reading import require_access
from tradepost.orders.views import OrderView


class GetOrderQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which order; a guest shows its token."""

    actor: Actor
    order_id: str
    order_token: str | None = None


class GetOrder:
    """Raises NotFound when there is none, and when it is somebody else's."""

    access = own_or(Permission.ORDERS_READ, by_token=True)

    def __init__(self, views: OrderViews, tokens: GuestTokens) -> None:
        self._views = views
        self._tokens = tokens

    async def __call__(self, query: GetOrderQuery) -> OrderView:
        view = await self._views.get(query.order_id)
        require_access(
            self.access,
            query.actor,
            order_id=view.id,
            customer_id=view.customer_id,
            token=query.order_token,
            tokens=self._tokens,
        )
        return view
