"""The public parts of the signing keys, so that others can tell our access tokens from all others."""

import msgspec

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import anybody
from tradepost.users.key_ring import KeyRing
from tradepost.users.tokens import TokenSigner


class PublishedKeys(msgspec.Struct, frozen=True, kw_only=True):
    """A JWK set (RFC 7517, section 5)."""

    keys: tuple[dict[str, str], ...]


class PublishKeys:
    """For anybody: keys that verify or will, oldest first."""

    access = anybody()

    def __init__(self, keys: KeyRing, signer: TokenSigner, clock: Clock) -> None:
        self._keys = keys
        self._signer = signer
        self._clock = clock

    async def __call__(self) -> PublishedKeys:
        published = await self._keys.published(self._clock.now())
        return PublishedKeys(keys=tuple(self._signer.jwk(key.id, key.public) for key in published))
