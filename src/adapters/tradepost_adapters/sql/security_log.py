"""The security trail in SQL."""

from datetime import datetime

from sqlalchemy import BigInteger, Table, bindparam, delete, select

from tradepost.kernel.pages import Page, PageRequest
from tradepost.users.client import Client
from tradepost.users.security_log import SecurityEvent, SecurityEventFilter, SecurityEventKind
from tradepost_adapters.sql.connection import Connection, Reads, Row
from tradepost_adapters.sql.listing import Listing
from tradepost_adapters.sql.statements import Insert, Statement
from tradepost_adapters.sql.tables.security_log import security_event_clients, security_events

_EVENT = Insert(security_events)
_CLIENT = Insert(security_event_clients)


def _forget(table: Table, key: str) -> Statement:
    """The oldest rows of a table, as many as asked for."""
    old = (
        select(table.c[key])
        .where(table.c.at < bindparam("before"))
        .order_by(table.c.at)
        .limit(bindparam("most", type_=BigInteger()))
    )
    return Statement(delete(table).where(table.c[key].in_(old)), name=f"{table.name}.purge")


_PURGE = _forget(security_events, "id")
_FORGET_CLIENTS = _forget(security_event_clients, "event_id")
_columns = security_events.c
_LIST = Listing(
    select(
        _columns.id,
        _columns.at,
        _columns.kind,
        _columns.user_id,
        _columns.actor_id,
        _columns.session_id,
        _columns.data,
        security_event_clients.c.address,
        security_event_clients.c.user_agent,
    ).outerjoin(security_event_clients, security_event_clients.c.event_id == _columns.id),
    lambda row: _from_row(row),
    name="security_events",
    key=_columns.id,
    sorts={"at": _columns.at},
    default="-at",
    filters={
        "kind": _columns.kind == bindparam("kind"),
        "user_id": _columns.user_id == bindparam("user_id"),
        "actor_id": _columns.actor_id == bindparam("actor_id"),
    },
)


def _from_row(row: Row) -> SecurityEvent:
    id_, at, kind, user_id, actor_id, session_id, data, address, user_agent = row
    return SecurityEvent(
        id=id_,
        at=at,
        kind=SecurityEventKind(kind),
        user_id=user_id,
        actor_id=actor_id,
        session_id=session_id,
        data=data,
        client=Client(address=address, user_agent=user_agent),
    )


class SqlSecurityLog:
    """`SecurityLog` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def record(self, *events: SecurityEvent) -> None:
        if not events:
            return
        entries = [
            {
                "id": event.id,
                "at": event.at,
                "kind": event.kind.value,
                "user_id": event.user_id,
                "actor_id": event.actor_id,
                "session_id": event.session_id,
                "data": event.data,
            }
            for event in events
        ]
        self._connection.defer(_EVENT, entries)
        clients = [
            {"event_id": each.id, "at": each.at, "address": each.client.address, "user_agent": each.client.user_agent}
            for each in events
            if each.client != Client()
        ]
        if clients:
            self._connection.defer(_CLIENT, clients)

    async def purge(self, before: datetime, limit: int, /) -> int:
        return await self._connection.run(_PURGE, {"before": before, "most": limit})

    async def forget_clients(self, before: datetime, limit: int, /) -> int:
        return await self._connection.run(_FORGET_CLIENTS, {"before": before, "most": limit})


class SqlSecurityEventViews:
    """`SecurityEventViews` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def list(self, wanted: SecurityEventFilter, page: PageRequest, /) -> Page[SecurityEvent]:
        kind = None if wanted.kind is None else wanted.kind.value
        return await _LIST.page(
            self._reads, page, {"kind": kind, "user_id": wanted.user_id, "actor_id": wanted.actor_id}
        )
