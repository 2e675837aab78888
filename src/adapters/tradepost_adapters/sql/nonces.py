"""Nonces of signed requests, in SQL."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.statements import Statement
from tradepost_adapters.sql.tables.nonces import used_nonces

_VALUES: dict[str, Any] = {"nonce": bindparam("nonce"), "good_until": bindparam("good_until")}
_USE = Statement.by_dialect(
    sqlite=sqlite.insert(used_nonces).values(_VALUES).on_conflict_do_nothing(),
    postgresql=postgresql.insert(used_nonces).values(_VALUES).on_conflict_do_nothing(),
    name="used_nonces.use",
)
_OLD = (
    select(used_nonces.c.nonce)
    .where(used_nonces.c.good_until < bindparam("before"))
    .limit(bindparam("most", type_=BigInteger()))
)
_PURGE = Statement(delete(used_nonces).where(used_nonces.c.nonce.in_(_OLD)), name="used_nonces.purge")


class SqlNonces:
    """`Nonces` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def use(self, nonce: str, good_until: datetime, /) -> bool:
        return await self._connection.run(_USE, {"nonce": nonce, "good_until": good_until}) == 1

    async def purge(self, before: datetime, limit: int, /) -> int:
        return await self._connection.run(_PURGE, {"before": before, "most": limit})
