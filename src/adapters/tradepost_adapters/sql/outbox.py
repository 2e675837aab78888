"""Facts on their way out, in SQL."""

from collections.abc import Iterable

from tradepost.kernel.events import Message
from tradepost.kernel.wakeups import Topic
from tradepost.messaging.delivery import partition_of
from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.statements import Insert
from tradepost_adapters.sql.tables.messaging import outbox

_MESSAGE = Insert(outbox, columns=("id", "type", "aggregate_id", "sequence", "partition", "payload", "occurred_at"))


class SqlOutbox:
    """`Outbox` in SQL."""

    def __init__(self, connection: Connection, wakes: set[Topic]) -> None:
        self._connection = connection
        self._wakes = wakes

    async def append(self, messages: Iterable[Message], /) -> None:
        rows = [
            {
                "id": message.id,
                "type": message.type,
                "aggregate_id": message.aggregate_id,
                "sequence": message.sequence,
                "partition": partition_of(message.aggregate_id),
                "payload": message.payload,
                "occurred_at": message.occurred_at,
            }
            for message in messages
        ]
        if rows:
            self._connection.defer(_MESSAGE, rows)
            self._wakes.add(Topic.MESSAGES)
