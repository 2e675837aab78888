"""List and search the customers."""

import msgspec

from tradepost.customers.ports import CustomerFilter, CustomerViews
from tradepost.customers.views import CustomerView
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.kernel.pages import Page, PageRequest


class ListCustomersQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which customers, and which page of them."""

    actor: Actor
    wanted: CustomerFilter = CustomerFilter()
    page: PageRequest = PageRequest()


class ListCustomers:
    """For staff. Raises `auth.…` and `page.invalid`."""

    access = staff(Permission.CUSTOMERS_READ)

    def __init__(self, views: CustomerViews) -> None:
        self._views = views

    async def __call__(self, query: ListCustomersQuery) -> Page[CustomerView]:
        self.access.check(query.actor)
        return await self._views.list(query.wanted, query.page)
