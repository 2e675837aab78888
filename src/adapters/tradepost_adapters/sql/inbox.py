"""What each consumer has dealt with, in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, BindParameter, Text, bindparam, delete, select, text, tuple_

from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.statements import Statement, in_list, list_of
from tradepost_adapters.sql.tables.messaging import inbox
from tradepost_adapters.sql.types import UtcDateTime

_TYPES: tuple[BindParameter[Any], ...] = (
    list_of("ids", Text()),
    bindparam("consumer"),
    bindparam("at", type_=UtcDateTime()),
)
# In the order of the ids, so that two who record the same wait for each other instead of blocking each other.
_RECORD = Statement.by_dialect(
    sqlite=text(
        "INSERT INTO inbox (consumer, message_id, recorded_at) SELECT :consumer, value, :at FROM json_each(:ids) "
        "WHERE true ON CONFLICT DO NOTHING RETURNING message_id"
    )
    .bindparams(*_TYPES)
    .columns(message_id=Text()),
    # Waits for another transaction that is recording the same, and then knows whether it did.
    postgresql=text(
        "INSERT INTO inbox (consumer, message_id, recorded_at) "
        "SELECT CAST(:consumer AS text), id, CAST(:at AS timestamptz) FROM unnest(CAST(:ids AS text[])) AS id "
        "ON CONFLICT DO NOTHING RETURNING message_id"
    )
    .bindparams(*_TYPES)
    .columns(message_id=Text()),
    name="inbox.record",
)
_THESE = (inbox.c.consumer == bindparam("consumer"), in_list(inbox.c.message_id, "ids"))
_SEEN = Statement(select(inbox.c.message_id).where(*_THESE), name="inbox.seen")
_FORGET = Statement(delete(inbox).where(*_THESE), name="inbox.forget")
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

    async def record(self, consumer: str, message_ids: Sequence[str], at: datetime, /) -> frozenset[str]:
        params = {"consumer": consumer, "ids": sorted(set(message_ids)), "at": at}
        return frozenset(row[0] for row in await self._connection.all(_RECORD, params))

    async def seen(self, consumer: str, message_ids: Sequence[str], /) -> frozenset[str]:
        params = {"consumer": consumer, "ids": list(message_ids)}
        return frozenset(row[0] for row in await self._connection.all(_SEEN, params))

    async def forget(self, consumer: str, message_ids: Sequence[str], /) -> None:
        await self._connection.run(_FORGET, {"consumer": consumer, "ids": list(message_ids)})

    async def purge(self, before: datetime, limit: int, /) -> int:
        return await self._connection.run(_PURGE, {"before": before, "most": limit})
