"""Sessions and refresh tokens in SQL."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, bindparam, delete, select, update

from tradepost.users.client import Client
from tradepost.users.session import EndReason, Session, SessionKind
from tradepost_adapters.sql.connection import Connection, Row
from tradepost_adapters.sql.statements import Insert, Statement
from tradepost_adapters.sql.tables.sessions import session_clients, sessions, used_refresh_tokens

FIELDS = tuple(sessions.c[name] for name in Session.__struct_fields__)
"""The columns of a session, in the order `session_from` reads them."""

_ADD = Insert(sessions)
_ADD_CLIENT = Insert(session_clients)
_ADD_USED = Insert(used_refresh_tokens)
_FIND = Statement(select(*FIELDS).where(sessions.c.id == bindparam("id")), name="sessions.find")
_OF_COOKIE = Statement(
    select(*FIELDS).where(sessions.c.token_hash == bindparam("hash"), sessions.c.kind == bindparam("kind")),
    name="sessions.of_cookie",
)
_THIS = (sessions.c.id == bindparam("of"), sessions.c.ended_at.is_(None))
_SEEN = Statement(
    update(sessions).where(*_THIS, sessions.c.last_seen_at < bindparam("at")).values(last_seen_at=bindparam("at")),
    name="sessions.seen",
)
_SEEN_AND_EXTENDED = Statement(
    update(sessions)
    .where(*_THIS, sessions.c.last_seen_at < bindparam("at"))
    .values(last_seen_at=bindparam("at"), idle_expires_at=bindparam("until")),
    name="sessions.seen_and_extended",
)
_AUTHENTICATED = Statement(
    update(sessions)
    .where(*_THIS)
    .values(authenticated_at=bindparam("at"), mfa=bindparam("by_mfa"), session_version=bindparam("of_version")),
    name="sessions.authenticated",
)
_AUTHENTICATED_ANEW = Statement(
    update(sessions)
    .where(*_THIS)
    .values(
        authenticated_at=bindparam("at"),
        mfa=bindparam("by_mfa"),
        session_version=bindparam("of_version"),
        token_hash=bindparam("new"),
    ),
    name="sessions.authenticated_anew",
)
_END = Statement(
    update(sessions).where(*_THIS).values(ended_at=bindparam("at"), end_reason=bindparam("why")), name="sessions.end"
)
_END_ALL = Statement(
    update(sessions)
    .where(
        sessions.c.user_id == bindparam("of_user"),
        sessions.c.ended_at.is_(None),
        sessions.c.expires_at > bindparam("at"),
        sessions.c.idle_expires_at > bindparam("at"),
        sessions.c.id != bindparam("but"),
    )
    .values(ended_at=bindparam("at"), end_reason=bindparam("why"))
    .returning(sessions.c.id),
    name="sessions.end_all",
)
_ROTATE = Statement(
    update(sessions)
    .where(
        sessions.c.token_hash == bindparam("old"),
        sessions.c.kind == bindparam("of_kind"),
        sessions.c.ended_at.is_(None),
        sessions.c.expires_at > bindparam("at"),
        sessions.c.idle_expires_at > bindparam("at"),
    )
    .values(token_hash=bindparam("new"), last_seen_at=bindparam("at"), idle_expires_at=bindparam("until"))
    .returning(*FIELDS),
    name="refresh_tokens.rotate",
)
_SESSION_OF_USED = Statement(
    select(used_refresh_tokens.c.session_id).where(used_refresh_tokens.c.hash == bindparam("hash")),
    name="refresh_tokens.session_of_used",
)
_PURGE = Statement(
    delete(sessions).where(
        sessions.c.id.in_(
            select(sessions.c.id)
            .where(sessions.c.idle_expires_at < bindparam("before"))
            .order_by(sessions.c.idle_expires_at)
            .limit(bindparam("most", type_=BigInteger()))
        )
    ),
    name="sessions.purge",
)


def session_from(row: Row) -> Session:
    (id_, kind, user_id, key_id, session_version, token_hash, created_at, authenticated_at, mfa, last_seen_at,
     idle_expires_at, expires_at, ended_at, end_reason) = row  # fmt: skip
    return Session(
        id=id_,
        kind=SessionKind(kind),
        user_id=user_id,
        key_id=key_id,
        session_version=session_version,
        token_hash=token_hash,
        created_at=created_at,
        authenticated_at=authenticated_at,
        mfa=mfa,
        last_seen_at=last_seen_at,
        idle_expires_at=idle_expires_at,
        expires_at=expires_at,
        ended_at=ended_at,
        end_reason=None if end_reason is None else EndReason(end_reason),
    )


class SqlSessions:
    """`Sessions` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, session: Session, client: Client, /) -> None:
        self._connection.defer(_ADD, [msgspec.structs.asdict(session)])
        where = {"session_id": session.id, "user_agent": client.user_agent, "address": client.address}
        self._connection.defer(_ADD_CLIENT, [where])

    async def find(self, session_id: str, /) -> Session | None:
        row = await self._connection.one(_FIND, {"id": session_id})
        return None if row is None else session_from(row)

    async def seen(self, session_id: str, at: datetime, idle_expires_at: datetime | None, /) -> None:
        if idle_expires_at is None:
            await self._connection.run(_SEEN, {"of": session_id, "at": at})
        else:
            await self._connection.run(_SEEN_AND_EXTENDED, {"of": session_id, "at": at, "until": idle_expires_at})

    async def of_cookie(self, token_hash: str, /) -> Session | None:
        row = await self._connection.one(_OF_COOKIE, {"hash": token_hash, "kind": SessionKind.COOKIE.value})
        return None if row is None else session_from(row)

    async def authenticated(
        self, session_id: str, at: datetime, /, *, mfa: bool, session_version: int, token_hash: str | None = None
    ) -> None:
        values: dict[str, Any] = {"of": session_id, "at": at, "by_mfa": mfa, "of_version": session_version}
        if token_hash is None:
            await self._connection.run(_AUTHENTICATED, values)
        else:
            await self._connection.run(_AUTHENTICATED_ANEW, {**values, "new": token_hash})

    async def end(self, session_id: str, reason: EndReason, at: datetime, /) -> bool:
        return await self._connection.run(_END, {"of": session_id, "at": at, "why": reason.value}) == 1

    async def end_all(
        self, user_id: str, reason: EndReason, at: datetime, /, *, but: str | None = None
    ) -> tuple[str, ...]:
        values = {"of_user": user_id, "at": at, "why": reason.value, "but": but or ""}
        return tuple(row[0] for row in await self._connection.all(_END_ALL, values))

    async def purge(self, before: datetime, /, *, limit: int) -> int:
        return await self._connection.run(_PURGE, {"before": before, "most": limit})


class SqlRefreshTokens:
    """`RefreshTokens` in SQL: the winner is whoever's update finds the old hash still in its place."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def rotate(self, old: str, new: str, at: datetime, idle_expires_at: datetime, /) -> Session | None:
        values: dict[str, Any] = {"old": old, "new": new, "at": at, "until": idle_expires_at}
        row = await self._connection.one(_ROTATE, {**values, "of_kind": SessionKind.TOKEN.value})
        if row is None:
            return None
        session = session_from(row)
        self._connection.defer(_ADD_USED, [{"hash": old, "session_id": session.id, "used_at": at}])
        return session

    async def session_of_used(self, used: str, /) -> str | None:
        row = await self._connection.one(_SESSION_OF_USED, {"hash": used})
        return None if row is None else str(row[0])
