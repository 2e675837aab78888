"""Where users have signed in from before, in SQL."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, bindparam, delete, literal, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from tradepost_adapters.sql.connection import Connection, Reads
from tradepost_adapters.sql.statements import Statement
from tradepost_adapters.sql.tables.familiar_addresses import familiar_addresses

_columns = familiar_addresses.c
_VALUES: dict[str, Any] = {column.name: bindparam(column.name, type_=column.type) for column in _columns}


def _note(dialect: Any) -> Any:
    insert = dialect.insert(familiar_addresses).values(_VALUES)
    return insert.on_conflict_do_update(
        index_elements=[_columns.user_id, _columns.digest], set_={"seen_at": insert.excluded.seen_at}
    )


_NOTE = Statement.by_dialect(sqlite=_note(sqlite), postgresql=_note(postgresql), name="familiar_addresses.note")
_OLD = (
    select(_columns.user_id, _columns.digest)
    .where(_columns.seen_at < bindparam("before"))
    .order_by(_columns.seen_at)
    .limit(bindparam("most", type_=BigInteger()))
)
_PURGE = Statement(
    delete(familiar_addresses).where(tuple_(_columns.user_id, _columns.digest).in_(_OLD)),
    name="familiar_addresses.purge",
)
_KNOWS = Statement(
    select(literal(1)).where(
        _columns.user_id == bindparam("user_id"),
        _columns.digest == bindparam("digest"),
        _columns.seen_at >= bindparam("since"),
    ),
    name="familiar_addresses.knows",
)


class SqlFamiliarAddresses:
    """`FamiliarAddresses` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def note(self, user_id: str, digest: str, at: datetime, /) -> None:
        await self._connection.run(_NOTE, {"user_id": user_id, "digest": digest, "seen_at": at})

    async def purge(self, before: datetime, limit: int, /) -> int:
        return await self._connection.run(_PURGE, {"before": before, "most": limit})


class SqlFamiliarAddressViews:
    """`FamiliarAddressViews` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def knows(self, user_id: str, digest: str, since: datetime, /) -> bool:
        row = await self._reads.one(_KNOWS, {"user_id": user_id, "digest": digest, "since": since})
        return row is not None
