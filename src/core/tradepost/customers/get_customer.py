"""Read one customer."""

import msgspec

from tradepost.customers.ports import CustomerViews
from tradepost.customers.views import CustomerView
from tradepost.kernel.access import Actor, Permission


class GetCustomerQuery(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    customer_id: str


class GetCustomer:
    """Oneself, or for staff anybody. Raises NotFound."""

    def __init__(self, views: CustomerViews) -> None:
        self._views = views

    async def __call__(self, query: GetCustomerQuery) -> CustomerView:
        query.actor.require_own_or(Permission.CUSTOMERS_READ, query.customer_id, "customer", query.customer_id)
        return await self._views.get(query.customer_id)
