"""Where users have signed in from before: who attacks an account from elsewhere must not keep its user out."""

import hashlib
from datetime import datetime
from typing import Protocol

from tradepost.users.client import Client


class FamiliarAddresses(Protocol):
    """Where users have signed in from, inside a transaction. An address is kept as a keyed digest only."""

    async def note(self, user_id: str, digest: str, at: datetime, /) -> None:
        """They have signed in from there."""
        ...

    async def purge(self, before: datetime, limit: int, /) -> int:
        """Forget at most `limit` of those last seen before; how many."""
        ...


class HasFamiliarAddresses(Protocol):
    @property
    def familiar_addresses(self) -> FamiliarAddresses: ...


class FamiliarAddressViews(Protocol):
    """The same to look at, outside any transaction."""

    async def knows(self, user_id: str, digest: str, since: datetime, /) -> bool:
        """Whether they have signed in from there since."""
        ...


class AddressDigests:
    """Makes the digests: BLAKE2b (RFC 7693) keyed by the shop's secret, or all of IPv4 could be tried against one."""

    def __init__(self, secret: bytes) -> None:
        self._key = hashlib.blake2b(secret, digest_size=32, person=b"tp addresses").digest()

    def of(self, client: Client) -> str | None:
        """None where no address is known."""
        network = client.network
        return None if network is None else self.keyed(network)

    def keyed(self, text: str) -> str:
        return hashlib.blake2b(text.encode(), key=self._key, digest_size=16).hexdigest()
