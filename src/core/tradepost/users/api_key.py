"""Keys by which machines ask: what they may do, until when, and what they are recognized by."""

import re
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.errors import Conflict, Fault, Invalid, Kind, TradepostError
from tradepost.kernel.events import Aggregate
from tradepost.kernel.ids import id_pattern

KEY_PREFIX = "tp_live_"
"""What every key begins with: scanners for leaked secrets find it, and people see what it is."""

MAX_NAME = 100
MAX_OVERLAP = timedelta(days=7)
"""How long at most the secret before the last stays good."""

_KEY = re.compile(r"tp_live_([0-9a-z]{26})_([A-Za-z0-9_-]{43})")
API_KEY_PATTERN = id_pattern("key")


class ApiKeyStatus(StrEnum):
    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


class ApiKey(Aggregate, kw_only=True):
    """A machine's key. It can do what `scopes` say and `user_id`, the user for whom it was made, may do at the time;
    where an operator made it there is no such user. Its secret is stored as a hash; for a while after it was renewed
    the one before is good, too.

    `public_key` is an Ed25519 key of the machine's: with it, every request has to be signed (RFC 9421), so that the
    secret alone is not enough.
    """

    name: str
    scopes: tuple[str, ...]
    created_by: str
    user_id: str | None
    secret_hash: str
    created_at: datetime
    expires_at: datetime | None = None
    former_hash: str | None = None
    former_until: datetime | None = None
    revoked_at: datetime | None = None
    public_key: str | None = None

    @classmethod
    def new(
        cls,
        *,
        id: str,  # noqa: A002 - `id` is what it is
        name: str,
        scopes: tuple[str, ...],
        created_by: str,
        user_id: str | None,
        secret_hash: str,
        at: datetime,
        expires_at: datetime | None,
        public_key: str | None,
    ) -> "ApiKey":
        """Raises `api_key.invalid` with every fault."""
        faults = _faults(name, scopes, at, expires_at)
        if faults:
            raise Invalid("api_key.invalid", "This key can not be made as it is: see errors.", *faults)
        return cls(
            id=id,
            name=name.strip(),
            scopes=tuple(sorted(set(scopes))),
            created_by=created_by,
            user_id=user_id,
            secret_hash=secret_hash,
            created_at=at,
            expires_at=expires_at,
            public_key=public_key,
        )

    def status_at(self, at: datetime) -> ApiKeyStatus:
        if self.revoked_at is not None:
            return ApiKeyStatus.REVOKED
        expired = self.expires_at is not None and self.expires_at <= at
        return ApiKeyStatus.EXPIRED if expired else ApiKeyStatus.ACTIVE

    def renew(self, secret_hash: str, *, overlap: timedelta, at: datetime) -> None:
        """From now on this is its secret; the one until now stays good for `overlap`. Raises `api_key.ended`, and
        `api_key.invalid`."""
        if self.status_at(at) is not ApiKeyStatus.ACTIVE:
            raise KeyEnded(self.id)
        if not timedelta(0) <= overlap <= MAX_OVERLAP:
            detail = f"The old secret can stay good for {MAX_OVERLAP.days} days at most."
            raise Invalid("api_key.invalid", detail, Fault("/overlap_seconds", detail))
        keeps = overlap > timedelta(0)
        self.former_hash = self.secret_hash if keeps else None
        self.former_until = at + overlap if keeps else None
        self.secret_hash = secret_hash

    def revoke(self, at: datetime) -> bool:
        """It is good for nothing any more; whether that changed anything."""
        if self.revoked_at is not None:
            return False
        self.revoked_at, self.former_hash, self.former_until = at, None, None
        return True

    def require_within(self, maker: "ApiKey") -> None:
        """Raise `auth.escalation` unless it ends no later than `maker`, the key by which it is made or renewed, and has to
        sign if that one has to: who has got hold of a key for a while must not make one for good of it."""
        ends = maker.expires_at is None or (self.expires_at is not None and self.expires_at <= maker.expires_at)
        if not ends or (maker.public_key is not None and self.public_key is None):
            raise KeyBeyond

    def permissions(self) -> frozenset[Permission]:
        """Its scopes, as far as this release knows them."""
        return known(self.scopes)


class KeyEnded(Conflict):
    """It has expired or was revoked."""

    def __init__(self, key_id: str) -> None:
        super().__init__(
            "api_key.ended", "This key has expired or was revoked; make another in its place.", {"id": key_id}
        )


class KeyBeyond(TradepostError):
    """A key was to be made or renewed by one that is good for less."""

    def __init__(self) -> None:
        super().__init__(
            Kind.FORBIDDEN,
            "auth.escalation",
            "A key makes and renews no key that ends later than itself, nor one without a public key if it has to sign"
            " its own requests.",
        )


class ApiKeyView(msgspec.Struct, frozen=True, kw_only=True):
    """What may be shown of a key. `hint` is how it begins; `signed_only` says that its requests have to be signed."""

    id: str
    version: int
    name: str
    hint: str
    scopes: tuple[str, ...]
    status: ApiKeyStatus
    created_by: str
    user_id: str | None
    created_at: datetime
    expires_at: datetime | None
    former_until: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    signed_only: bool

    @classmethod
    def of(cls, key: ApiKey, at: datetime, *, last_used_at: datetime | None = None) -> "ApiKeyView":
        former = key.former_until
        return cls(
            id=key.id,
            version=key.version,
            name=key.name,
            hint=f"{KEY_PREFIX}{_suffix(key.id)}",
            scopes=key.scopes,
            status=key.status_at(at),
            created_by=key.created_by,
            user_id=key.user_id,
            created_at=key.created_at,
            expires_at=key.expires_at,
            former_until=former if former is not None and at < former else None,
            revoked_at=key.revoked_at,
            last_used_at=last_used_at,
            signed_only=key.public_key is not None,
        )


class IssuedApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key with its secret, which is shown this once."""

    api_key: str
    key: ApiKeyView

    def __repr__(self) -> str:
        return f"IssuedApiKey({self.key.id})"


def is_machine(actor: Actor) -> bool:
    """Whether it came with a key, or with a token for one; its id is that of the key then."""
    return actor.session is not None and actor.session.kind in ("key", "client")


def written(key_id: str, secret: str) -> str:
    """The key as a machine shows it."""
    return f"{KEY_PREFIX}{_suffix(key_id)}_{secret}"


def read(text: str) -> tuple[str, str] | None:
    """The id and the secret in a key as a machine shows it; None for anything else."""
    match = _KEY.fullmatch(text)
    return None if match is None else (f"key_{match[1]}", match[2])


def known(scopes: tuple[str, ...]) -> frozenset[Permission]:
    """The permissions among these names."""
    return frozenset(_KNOWN[scope] for scope in scopes if scope in _KNOWN)


def _suffix(key_id: str) -> str:
    return key_id.removeprefix("key_")


def _faults(name: str, scopes: tuple[str, ...], at: datetime, expires_at: datetime | None) -> list[Fault]:
    faults = []
    if not 0 < len(name.strip()) <= MAX_NAME or not name.isprintable():
        faults.append(Fault("/name", f"A name has 1 to {MAX_NAME} printable characters.", "name"))
    if not scopes:
        faults.append(Fault("/scopes", "A key needs a scope: what it may do.", "required"))
    faults += [
        Fault(f"/scopes/{place}", f"There is no permission {scope!r}.", "unknown")
        for place, scope in enumerate(scopes)
        if scope not in _KNOWN
    ]
    if expires_at is not None and expires_at <= at:
        faults.append(Fault("/expires_at", "This is over already; a key ends in the future.", "past"))
    return faults


_KNOWN = {permission.value: permission for permission in Permission}
