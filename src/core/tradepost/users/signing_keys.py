"""The keys that sign access tokens: what each is for at which moment. Time alone decides, so all processes agree.

A key is published as soon as it is there, signs from `signs_from`, which is far enough ahead for every process and
every cache of the published keys to know it by then, and verifies until the last token it signed has expired.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

import msgspec

from tradepost.kernel.errors import Conflict

LEAD = timedelta(minutes=10)
"""How long before it signs a new key is published: longer than processes and caches of the published keys take to ask
again."""

SKEW = timedelta(minutes=1)
"""How far the clocks of two processes may be apart."""

KEPT = timedelta(days=90)
"""How long a key that is good for nothing any more is still listed."""


class SigningKeyStatus(StrEnum):
    NEXT = "next"  # published, and will sign
    SIGNING = "signing"
    VERIFYING = "verifying"  # its last tokens have not expired
    ENDED = "ended"


class SigningKey(msgspec.Struct, frozen=True, kw_only=True):
    """A pair of keys. `id` is the `kid` in the header of what it signs; `generation` counts from 1, and no two keys have
    the same. `private` is sealed, and forgotten once the key signs no more."""

    id: str
    version: int = 1
    generation: int
    public: str
    private: str | None
    created_at: datetime
    signs_from: datetime
    signs_until: datetime | None = None
    verifies_until: datetime | None = None

    def __repr__(self) -> str:
        return f"SigningKey({self.id})"

    def verifies_at(self, at: datetime) -> bool:
        return self.verifies_until is None or at < self.verifies_until

    def may_sign_at(self, at: datetime) -> bool:
        """Whether it has not been succeeded by another; it may still be early for it."""
        return self.private is not None and (self.signs_until is None or at < self.signs_until)

    def succeeded(self, from_: datetime, tokens_live: timedelta) -> "SigningKey":
        """Another signs from then on; this one verifies until its last token has expired."""
        return msgspec.structs.replace(self, signs_until=from_, verifies_until=from_ + tokens_live + SKEW)

    def ended(self, at: datetime) -> "SigningKey":
        """Good for nothing from now on: what it signed is void."""
        return msgspec.structs.replace(
            self, private=None, signs_until=min(self.signs_until or at, at), verifies_until=at
        )

    def without_private(self) -> "SigningKey":
        return msgspec.structs.replace(self, private=None)


class KeySet:
    """The keys there are, as one look at them found."""

    def __init__(self, keys: Iterable[SigningKey]) -> None:
        self._keys = {key.id: key for key in sorted(keys, key=lambda key: key.generation)}

    def __contains__(self, key_id: str) -> bool:
        return key_id in self._keys

    def __iter__(self) -> Iterator[SigningKey]:
        """Oldest first."""
        return iter(self._keys.values())

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, key_id: str) -> SigningKey | None:
        return self._keys.get(key_id)

    def signing(self, at: datetime) -> SigningKey | None:
        """The latest of those whose time has come. One whose time is still to come signs when there is no other: the
        clock of who made it was ahead."""
        able = [key for key in self._keys.values() if key.may_sign_at(at)]
        return next((key for key in reversed(able) if key.signs_from <= at), able[0] if able else None)

    def verifying(self, key_id: str, at: datetime) -> SigningKey | None:
        key = self._keys.get(key_id)
        return key if key is not None and key.verifies_at(at) else None

    def published(self, at: datetime) -> tuple[SigningKey, ...]:
        """Those that verify or will, oldest first."""
        return tuple(key for key in self._keys.values() if key.verifies_at(at))

    def status(self, key: SigningKey, at: datetime) -> SigningKeyStatus:
        if not key.verifies_at(at):
            return SigningKeyStatus.ENDED
        if key == self.signing(at):
            return SigningKeyStatus.SIGNING
        return SigningKeyStatus.NEXT if at < key.signs_from else SigningKeyStatus.VERIFYING

    def waiting(self, at: datetime) -> SigningKey | None:
        """The one that will take over from another."""
        later = (key for key in self._keys.values() if key.may_sign_at(at) and at < key.signs_from)
        return next((key for key in later if key is not self.signing(at)), None)

    def next_generation(self) -> int:
        return max((key.generation for key in self._keys.values()), default=0) + 1


class SigningKeys(Protocol):
    """The keys, inside a transaction."""

    async def all(self) -> tuple[SigningKey, ...]: ...

    async def add(self, key: SigningKey, /) -> None:
        """Raises StaleVersion, at the latest at commit, when there is one of this generation: somebody was faster."""
        ...

    async def save(self, key: SigningKey, /) -> None:
        """Replace the version it was read at. Raises StaleVersion."""
        ...

    async def remove(self, key_id: str, /) -> None:
        """Forget it, whether it is there or not."""
        ...


class HasSigningKeys(Protocol):
    @property
    def signing_keys(self) -> SigningKeys: ...


class SigningKeyViews(Protocol):
    """The keys to look at, outside any transaction."""

    async def all(self) -> tuple[SigningKey, ...]: ...


class SigningKeyView(msgspec.Struct, frozen=True, kw_only=True):
    """What may be shown of a key."""

    id: str
    status: SigningKeyStatus
    created_at: datetime
    signs_from: datetime
    signs_until: datetime | None
    verifies_until: datetime | None

    @classmethod
    def of(cls, key: SigningKey, keys: KeySet, at: datetime) -> "SigningKeyView":
        return cls(
            id=key.id,
            status=keys.status(key, at),
            created_at=key.created_at,
            signs_from=key.signs_from,
            signs_until=key.signs_until,
            verifies_until=key.verifies_until,
        )


class RotationPending(Conflict):
    """A key is waiting for its time already."""

    def __init__(self, key: SigningKey) -> None:
        super().__init__(
            "signing_key.rotation_pending",
            f"{key.id} takes over at {key.signs_from:%Y-%m-%d %H:%M:%S}Z already; wait until then.",
            {"id": key.id},
        )


class KeyInUse(Conflict):
    """Tokens are signed with it, or will be."""

    def __init__(self, key: SigningKey) -> None:
        super().__init__(
            "signing_key.in_use",
            f"{key.id} signs, or is about to; put another in its place first, at once if this one has leaked.",
            {"id": key.id},
        )
