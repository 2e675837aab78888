"""The security trail in memory."""

from datetime import datetime
from itertools import islice

import msgspec

from tradepost.kernel.pages import Page, PageRequest
from tradepost.users.client import Client
from tradepost.users.security_log import SecurityEvent, SecurityEventFilter
from tradepost_adapters.memory.database import MemoryDatabase, Session, TableOf
from tradepost_adapters.memory.listing import page_of

SECURITY_EVENTS = TableOf[str, SecurityEvent]("security_events")
_UNKNOWN = Client()


class MemorySecurityLog:
    """`SecurityLog` in memory."""

    def __init__(self, session: Session) -> None:
        self._rows = session.table(SECURITY_EVENTS)

    async def record(self, *events: SecurityEvent) -> None:
        for event in events:
            self._rows.add(event.id, event)

    async def purge(self, before: datetime, limit: int, /) -> int:
        old = list(islice((id_ for id_, event in self._rows.items() if event.at < before), limit))
        for id_ in old:
            del self._rows[id_]
        return len(old)

    async def forget_clients(self, before: datetime, limit: int, /) -> int:
        known = (event for event in self._rows.values() if event.at < before and event.client != _UNKNOWN)
        old = list(islice(known, limit))
        for event in old:
            self._rows[event.id] = msgspec.structs.replace(event, client=_UNKNOWN)
        return len(old)


class MemorySecurityEventViews:
    """`SecurityEventViews` over committed rows."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def list(self, wanted: SecurityEventFilter, page: PageRequest, /) -> Page[SecurityEvent]:
        with self._database.reading() as session:
            found = [
                event
                for event in session.table(SECURITY_EVENTS).values()
                if wanted.kind in (None, event.kind)
                and wanted.user_id in (None, event.user_id)
                and wanted.actor_id in (None, event.actor_id)
            ]
        return page_of(
            found,
            page,
            lambda event: event,
            key=lambda event: event.id,
            sorts={"at": (datetime, lambda event: event.at)},
            default="-at",
        )
