"""Probes on every adapter, as the suites of transactions want them."""

from collections.abc import Sequence
from contextlib import closing
from functools import cached_property

from sqlalchemy import BigInteger, Column, MetaData, Table, Text, select

from tradepost.kernel.events import Message
from tradepost_adapters.contracts.probes import Probe
from tradepost_adapters.memory.aggregates import Aggregates
from tradepost_adapters.memory.database import MemoryDatabase, MemoryTransactions, TableOf
from tradepost_adapters.memory.outbox import OUTBOX
from tradepost_adapters.memory.transaction import MemoryTransaction
from tradepost_adapters.sql.aggregates import Mapper, SqlAggregates
from tradepost_adapters.sql.connection import Row
from tradepost_adapters.sql.database import Database
from tradepost_adapters.sql.numbers import Numbers
from tradepost_adapters.sql.postgres_pool import connect
from tradepost_adapters.sql.statements import SQLITE, Statement
from tradepost_adapters.sql.tables.messaging import outbox
from tradepost_adapters.sql.transaction import SqlTransaction
from tradepost_adapters.sql.urls import dialect_of, sqlite_path
from tradepost_adapters.sqlite_library import sqlite3

_PROBES = TableOf[str, Probe]("probes")
_probes = Table(
    "probes",
    MetaData(),
    Column("id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
)
_CREATE = "CREATE TABLE probes (id TEXT PRIMARY KEY, version BIGINT NOT NULL, count BIGINT NOT NULL)"


def _to_row(probe: Probe) -> dict[str, object]:
    return {"id": probe.id, "count": probe.count}


def _from_row(row: Row) -> Probe:
    id_, version, count = row
    return Probe(id=id_, version=version, count=count)


_MAPPER = Mapper(_probes, "probe", _to_row, _from_row)
_MESSAGES = Statement(
    select(*(outbox.c[name] for name in ("id", "type", "aggregate_id", "sequence", "payload", "occurred_at"))),
    name="probes.messages",
)


class MemoryProbeTx(MemoryTransaction):
    """The transaction in memory, with probes."""

    @cached_property
    def probes(self) -> Aggregates[Probe]:
        return Aggregates(self._session, self.outbox, _PROBES, "probe")


class MemoryProbes:
    """The adapter under test, in memory."""

    def __init__(self) -> None:
        self._database = MemoryDatabase()
        self.transactions = MemoryTransactions(self._database, MemoryProbeTx)

    async def messages(self) -> Sequence[Message]:
        with self._database.reading() as session:
            return [row.message for row in session.table(OUTBOX).values()]


class SqlProbeTx(SqlTransaction):
    """The transaction in SQL, with probes."""

    @cached_property
    def probes(self) -> SqlAggregates[Probe]:
        return SqlAggregates(self._connection, self.outbox, _MAPPER)


class SqlProbes:
    """The adapter under test, in SQL."""

    def __init__(self, database: Database[SqlProbeTx]) -> None:
        self._database = database
        self.transactions = database.transactions

    @classmethod
    async def open(cls, url: str) -> "SqlProbes":
        """Make the probes' table in a migrated database, and open it."""
        if dialect_of(url) == SQLITE:
            with closing(sqlite3.connect(sqlite_path(url))) as file:
                file.execute(_CREATE)
        else:
            connection = await connect(url)
            await connection.execute(_CREATE)
            await connection.close()
        numbers = Numbers()
        database = Database(url, lambda connection: SqlProbeTx(connection, numbers))
        await database.open()
        return cls(database)

    async def messages(self) -> Sequence[Message]:
        rows = await self._database.reads.all(_MESSAGES)
        names = ("id", "type", "aggregate_id", "sequence", "payload", "occurred_at")
        return [Message(**dict(zip(names, row, strict=True))) for row in rows]

    async def close(self) -> None:
        await self._database.close()
