"""What each consumer has dealt with, in SQL."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, bindparam, delete, literal, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.statements import Statement
from tradepost_adapters.sql.tables.messaging import inbox

_VALUES: dict[str, Any] = {
    name: bindparam(name, type_=inbox.c[name].type) for name in ("consumer", "message_id", "recorded_at")
}
_RECORD = Statement.by_dialect(
    sqlite=sqlite.insert(inbox).values(_VALUES).on_conflict_do_nothing(),
    # Waits for another transaction that is recording the same, and then knows whether it did.
    postgresql=postgresql.insert(inbox).values(_VALUES).on_conflict_do_nothing(),
    name="inbox.record",
)
_KEY = (inbox.c.consumer == bindparam("consumer"), inbox.c.message_id == bindparam("message_id"))
_SEEN = Statement(select(literal(1)).where(*_KEY), name="inbox.seen")
_OLD = (
    select(inbox.c.consumer, inbox.c.message_id)
    .where(inbox.c.recorded_at < bindparam("before"))
    .order_by(inbox.c.recorded_at)
    .limit(bindparam("most", type_=BigInteger()))
)
_PURGE = Statement(delete(inbox).where(tuple_(inbox.c.consumer, inbox.c.message_id).in_(_OLD)), name="inbox.purge")


class SqlInbox:
    """`Inbox` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def record(self, consumer: str, message_id: str, at: datetime, /) -> bool:
        row = {"consumer": consumer, "message_id": message_id, "recorded_at": at}
        return await self._connection.run(_RECORD, row) == 1

    async def seen(self, consumer: str, message_id: str, /) -> bool:
        return await self._connection.one(_SEEN, {"consumer": consumer, "message_id": message_id}) is not None

    async def purge(self, before: datetime, limit: int, /) -> int:
        return await self._connection.run(_PURGE, {"before": before, "most": limit})
