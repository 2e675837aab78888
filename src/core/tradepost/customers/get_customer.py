"""Read one customer."""

import msgspec

from tradepost.customers.access import one_self
from tradepost.customers.ports import CustomerViews
from tradepost.customers.views import CustomerView
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import own_or


class GetCustomerQuery(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    customer_id: str


class GetCustomer:
    """Oneself, or for staff anybody. Raises NotFound."""

    access = own_or(Permission.CUSTOMERS_READ)

    def __init__(self, views: CustomerViews) -> None:
        self._views = views

    async def __call__(self, query: GetCustomerQuery) -> CustomerView:
        self.access.check(query.actor, one_self(query.customer_id))
        return await self._views.get(query.customer_id)
