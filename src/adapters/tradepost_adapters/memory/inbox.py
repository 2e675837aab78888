"""What each consumer has dealt with, in memory."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from tradepost_adapters.memory.database import Session, TableOf

INBOX = TableOf[tuple[str, str], datetime]("inbox")


class MemoryInbox:
    """`Inbox` in memory."""

    def __init__(self, session: Session) -> None:
        self._rows = session.table(INBOX)

    async def record(self, consumer: str, message_ids: Sequence[str], at: datetime, /) -> frozenset[str]:
        new = frozenset(each for each in message_ids if (consumer, each) not in self._rows)
        for each in new:
            self._rows.add((consumer, each), at)
        return new

    async def seen(self, consumer: str, message_ids: Sequence[str], /) -> frozenset[str]:
        return frozenset(each for each in message_ids if (consumer, each) in self._rows)

    async def forget(self, consumer: str, message_ids: Sequence[str], /) -> None:
        for each in message_ids:
            self._rows.pop((consumer, each))

    async def purge(self, before: datetime, limit: int, /) -> int:
        forgotten = list(islice((key for key, at in self._rows.items() if at < before), limit))
        for key in forgotten:
            del self._rows[key]
        return len(forgotten)
