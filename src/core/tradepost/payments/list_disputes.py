"""List disputes: those that wait for evidence first of all."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.kernel.pages import Page, PageRequest
from tradepost.payments.ports import DisputeFilter, DisputeViews
from tradepost.payments.views import DisputeView


class ListDisputesQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which disputes, and which page of them."""

    actor: Actor
    wanted: DisputeFilter = DisputeFilter()
    page: PageRequest = PageRequest()


class ListDisputes:
    """The latest first unless asked otherwise. Raises `page.invalid`."""

    access = staff(Permission.PAYMENTS_READ)

    def __init__(self, views: DisputeViews) -> None:
        self._views = views

    async def __call__(self, query: ListDisputesQuery) -> Page[DisputeView]:
        self.access.check(query.actor)
        return await self._views.list(query.wanted, query.page)
