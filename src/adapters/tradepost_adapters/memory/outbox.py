"""Facts on their way out, in memory."""

from collections.abc import Iterable

from tradepost.kernel.events import Message
from tradepost_adapters.memory.database import Session, TableOf

OUTBOX = TableOf[str, Message]("outbox")


class MemoryOutbox:
    """Keeps messages in the order they were appended."""

    def __init__(self, session: Session) -> None:
        self._rows = session.table(OUTBOX)

    async def append(self, messages: Iterable[Message], /) -> None:
        for message in messages:
            self._rows.add(message.id, message)
