"""The log of facts that were told, in memory."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from tradepost.messaging.log import LoggedEvent
from tradepost_adapters.memory.database import MemoryDatabase, Session
from tradepost_adapters.memory.outbox import EVENT_LOG, OUTBOX, OutboxRow


class MemoryEventLog:
    """`EventLog` in memory."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def after(self, number: int, limit: int, /) -> tuple[LoggedEvent, ...]:
        with self._database.reading() as session:
            return tuple(map(_logged, islice(_numbered(session, number), limit)))

    async def last(self) -> int:
        with self._database.reading() as session:
            return session.table(EVENT_LOG)[1]

    async def before(self, at: datetime, /) -> int:
        with self._database.reading() as session:
            kept = [
                (row.number, row.settled_at) for row in session.table(OUTBOX).values() if row.number and row.settled_at
            ]
            since = min((number for number, settled_at in kept if settled_at >= at), default=None)
            return max((number for number, _ in kept), default=0) if since is None else since - 1

    async def get(self, message_id: str, /) -> LoggedEvent | None:
        with self._database.reading() as session:
            found = [row for row in session.table(OUTBOX).by("id", message_id) if row.number is not None]
            return _logged(found[0]) if found else None


def _numbered(session: Session, number: int) -> Iterator[OutboxRow]:
    rows = session.table(OUTBOX)
    for each in range(number + 1, session.table(EVENT_LOG)[1] + 1):
        yield from rows.by("number", each)


def _logged(row: OutboxRow) -> LoggedEvent:
    assert row.number is not None and row.settled_at is not None  # noqa: S101, PT018 - given together
    return LoggedEvent(number=row.number, message=row.message, logged_at=row.settled_at)
