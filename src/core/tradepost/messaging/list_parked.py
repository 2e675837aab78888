"""See what consumers could not take."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.kernel.pages import Page, PageRequest
from tradepost.messaging.parking import ParkedFilter, ParkedView
from tradepost.messaging.ports import ParkedViews


class ListParkedQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which of them (dead letters unless it says otherwise), and which page."""

    actor: Actor
    which: ParkedFilter = ParkedFilter()
    page: PageRequest = PageRequest()


class ListParked:
    """Messages that wait for a consumer, or were given up: the latest first. Raises `page.invalid`."""

    access = staff(Permission.EVENTS_READ)

    def __init__(self, views: ParkedViews) -> None:
        self._views = views

    async def __call__(self, query: ListParkedQuery) -> Page[ParkedView]:
        self.access.check(query.actor)
        return await self._views.page(query.which, query.page)
