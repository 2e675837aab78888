"""List the keys that sign access tokens."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.users.signing_keys import KeySet, SigningKeyView, SigningKeyViews


class ListSigningKeysQuery(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor


class ListSigningKeys:
    """For those with `keys:read`: all keys, newest first, with what each is for at this moment. Nothing secret."""

    access = staff(Permission.KEYS_READ)

    def __init__(self, views: SigningKeyViews, clock: Clock) -> None:
        self._views = views
        self._clock = clock

    async def __call__(self, query: ListSigningKeysQuery) -> tuple[SigningKeyView, ...]:
        self.access.check(query.actor)
        now = self._clock.now()
        keys = KeySet(await self._views.all())
        return tuple(SigningKeyView.of(key, keys, now) for key in reversed(list(keys)))
