"""List the keys of machines."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.pages import Page, PageRequest
from tradepost.users.api_key import ApiKeyView
from tradepost.users.api_key_ports import ApiKeyFilter, ApiKeyViews


class ListApiKeysQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which keys, and which page of them."""

    actor: Actor
    wanted: ApiKeyFilter = ApiKeyFilter()
    page: PageRequest = PageRequest()


class ListApiKeys:
    """For those with `keys:read`. Shows no secrets: there are none to show. Raises `page.invalid`."""

    access = staff(Permission.KEYS_READ)

    def __init__(self, views: ApiKeyViews, clock: Clock) -> None:
        self._views = views
        self._clock = clock

    async def __call__(self, query: ListApiKeysQuery) -> Page[ApiKeyView]:
        self.access.check(query.actor)
        return await self._views.list(query.wanted, self._clock.now(), query.page)
