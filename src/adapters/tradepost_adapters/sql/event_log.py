"""The log of facts that were told, in SQL."""

from datetime import datetime

from sqlalchemy import BigInteger, bindparam, func, select

from tradepost.kernel.events import Message
from tradepost.messaging.log import LoggedEvent
from tradepost_adapters.sql.connection import Reads, Row
from tradepost_adapters.sql.statements import Statement
from tradepost_adapters.sql.tables.messaging import event_log, outbox

_FIELDS = ("id", "type", "aggregate_id", "sequence", "payload", "occurred_at")
_logged = select(outbox.c.number, outbox.c.settled_at, *(outbox.c[name] for name in _FIELDS))
_AFTER = Statement(
    _logged.where(outbox.c.number > bindparam("number", type_=BigInteger()))
    .order_by(outbox.c.number)
    .limit(bindparam("most", type_=BigInteger())),
    name="event_log.after",
)
_LAST = Statement(select(event_log.c.last), name="event_log.last")
_since = outbox.c.settled_at >= bindparam("at", type_=outbox.c.settled_at.type)
_BEFORE = Statement(
    select(
        func.coalesce(func.min(outbox.c.number).filter(_since) - 1, func.max(outbox.c.number), 0),
    ).where(outbox.c.number.is_not(None)),
    name="event_log.before",
)
_GET = Statement(
    _logged.where(outbox.c.id == bindparam("id"), outbox.c.number.is_not(None)).limit(1), name="event_log.get"
)


class SqlEventLog:
    """`EventLog` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def after(self, number: int, limit: int, /) -> tuple[LoggedEvent, ...]:
        return tuple(map(_from_row, await self._reads.all(_AFTER, {"number": number, "most": limit})))

    async def last(self) -> int:
        row = await self._reads.one(_LAST)
        return row[0] if row else 0

    async def before(self, at: datetime, /) -> int:
        row = await self._reads.one(_BEFORE, {"at": at})
        return row[0] if row else 0

    async def get(self, message_id: str, /) -> LoggedEvent | None:
        row = await self._reads.one(_GET, {"id": message_id})
        return None if row is None else _from_row(row)


def _from_row(row: Row) -> LoggedEvent:
    number, logged_at, id_, type_, aggregate_id, sequence, payload, occurred_at = row
    return LoggedEvent(
        number=number,
        logged_at=logged_at,
        message=Message(
            id=id_,
            type=type_,
            aggregate_id=aggregate_id,
            sequence=sequence,
            payload=bytes(payload),
            occurred_at=occurred_at,
        ),
    )
