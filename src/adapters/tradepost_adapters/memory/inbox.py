"""What each consumer has dealt with, in memory."""

from datetime import datetime
from itertools import islice

from tradepost_adapters.memory.database import Session, TableOf

INBOX = TableOf[tuple[str, str], datetime]("inbox")


class MemoryInbox:
    """`Inbox` in memory."""

    def __init__(self, session: Session) -> None:
        self._rows = session.table(INBOX)

    async def record(self, consumer: str, message_id: str, at: datetime, /) -> bool:
        if (consumer, message_id) in self._rows:
            return False
        self._rows.add((consumer, message_id), at)
        return True

    async def seen(self, consumer: str, message_id: str, /) -> bool:
        return (consumer, message_id) in self._rows

    async def purge(self, before: datetime, limit: int, /) -> int:
        forgotten = list(islice((key for key, at in self._rows.items() if at < before), limit))
        for key in forgotten:
            del self._rows[key]
        return len(forgotten)
