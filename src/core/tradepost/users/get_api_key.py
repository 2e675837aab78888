"""Look at one key of a machine."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.users.api_key import ApiKeyView
from tradepost.users.api_key_ports import ApiKeyViews


class GetApiKeyQuery(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    key_id: str


class GetApiKey:
    """For those with `keys:read`. Raises NotFound."""

    access = staff(Permission.KEYS_READ)

    def __init__(self, views: ApiKeyViews, clock: Clock) -> None:
        self._views = views
        self._clock = clock

    async def __call__(self, query: GetApiKeyQuery) -> ApiKeyView:
        self.access.check(query.actor)
        return await self._views.get(query.key_id, self._clock.now())
