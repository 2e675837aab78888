"""Facts on their way out, in SQL."""

from collections.abc import Iterable

from tradepost.kernel.events import Message
from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.statements import Insert
from tradepost_adapters.sql.tables.messaging import outbox

_MESSAGE = Insert(outbox)


class SqlOutbox:
    """`Outbox` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def append(self, messages: Iterable[Message], /) -> None:
        rows = [
            {
                "id": message.id,
                "type": message.type,
                "aggregate_id": message.aggregate_id,
                "sequence": message.sequence,
                "payload": message.payload,
                "occurred_at": message.occurred_at,
            }
            for message in messages
        ]
        if rows:
            self._connection.defer(_MESSAGE, rows)
