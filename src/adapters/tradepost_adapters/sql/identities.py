"""Accounts elsewhere by which users sign in, in SQL."""

from datetime import datetime

from sqlalchemy import BigInteger, bindparam, delete, select

from tradepost.kernel.pages import Page, PageRequest
from tradepost.users.identity import Attempt, Identity, IdentityTaken
from tradepost_adapters.sql.connection import Connection, Reads, Row
from tradepost_adapters.sql.listing import Listing
from tradepost_adapters.sql.statements import Insert, Statement
from tradepost_adapters.sql.tables.identities import external_attempts, identities

_IDENTITY = tuple(identities.c[name] for name in Identity.__struct_fields__)
_ATTEMPT = tuple(external_attempts.c[name] for name in Attempt.__struct_fields__)

_ADD = Insert(identities, columns=Identity.__struct_fields__, conflict=IdentityTaken)
_FIND = Statement(
    select(*_IDENTITY).where(identities.c.issuer == bindparam("issuer"), identities.c.subject == bindparam("subject")),
    name="identities.find",
)
_OF_USER = identities.c.user_id == bindparam("user_id")
_LIST = Listing(
    select(*_IDENTITY),
    lambda row: _identity(row),
    name="identities",
    key=identities.c.id,
    sorts={"linked_at": identities.c.linked_at},
    default="linked_at",
    filters={"user_id": _OF_USER},
)
# Of two that are unlinked at the same moment, the second sees that the first is gone.
_HOLD = Statement(
    select(*_IDENTITY).where(_OF_USER).order_by(identities.c.linked_at, identities.c.id).with_for_update(),
    name="identities.hold",
)
_REMOVE = Statement(delete(identities).where(identities.c.id == bindparam("id")), name="identities.remove")

_ADD_ATTEMPT = Insert(external_attempts, columns=Attempt.__struct_fields__)
_TAKE = Statement(
    delete(external_attempts)
    .where(external_attempts.c.hash == bindparam("hash"), external_attempts.c.expires_at > bindparam("at"))
    .returning(*_ATTEMPT),
    name="external_attempts.take",
)
_old = (
    select(external_attempts.c.hash)
    .where(external_attempts.c.expires_at < bindparam("before"))
    .order_by(external_attempts.c.expires_at)
    .limit(bindparam("most", type_=BigInteger()))
)
_PURGE = Statement(delete(external_attempts).where(external_attempts.c.hash.in_(_old)), name="external_attempts.purge")


def _identity(row: Row) -> Identity:
    return Identity(**dict(zip(Identity.__struct_fields__, row, strict=True)))


class SqlIdentities:
    """`Identities` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, identity: Identity, /) -> None:
        row = {name: getattr(identity, name) for name in Identity.__struct_fields__}
        await self._connection.insert(_ADD, [row])

    async def find(self, issuer: str, subject: str, /) -> Identity | None:
        row = await self._connection.one(_FIND, {"issuer": issuer, "subject": subject})
        return None if row is None else _identity(row)

    async def of_user(self, user_id: str, /) -> tuple[Identity, ...]:
        return tuple(map(_identity, await self._connection.all(_HOLD, {"user_id": user_id})))

    async def remove(self, identity_id: str, /) -> None:
        await self._connection.run(_REMOVE, {"id": identity_id})


class SqlAttempts:
    """`Attempts` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, attempt: Attempt, /) -> None:
        self._connection.defer(_ADD_ATTEMPT, [{name: getattr(attempt, name) for name in Attempt.__struct_fields__}])

    async def take(self, hash: str, at: datetime, /) -> Attempt | None:  # noqa: A002 - the port's own word
        row = await self._connection.one(_TAKE, {"hash": hash, "at": at})
        return None if row is None else Attempt(**dict(zip(Attempt.__struct_fields__, row, strict=True)))

    async def purge(self, before: datetime, limit: int, /) -> int:
        return await self._connection.run(_PURGE, {"before": before, "most": limit})


class SqlIdentityViews:
    """`IdentityViews` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def of_user(self, user_id: str, page: PageRequest, /) -> Page[Identity]:
        return await _LIST.page(self._reads, page, {"user_id": user_id})
