"""A database by its URL: what writes to it, what reads from it, and how to let go of it."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import asyncpg
from sqlalchemy import Integer, literal_column, select

from tradepost.kernel.transactions import Transactions
from tradepost_adapters.sql.connection import Connection, Reads
from tradepost_adapters.sql.postgres import PostgresReads, PostgresTransactions
from tradepost_adapters.sql.postgres_pool import PostgresPool
from tradepost_adapters.sql.revisions import CURRENT, check, unmigrated
from tradepost_adapters.sql.sqlite import SqliteTransactions
from tradepost_adapters.sql.sqlite_reads import SqliteReads
from tradepost_adapters.sql.statements import SQLITE, Statement
from tradepost_adapters.sql.urls import dialect_of, sqlite_path
from tradepost_adapters.sqlite_library import sqlite3

TxT = TypeVar("TxT")

_PING = Statement(select(literal_column("1", Integer)), name="ping")


class Database(Generic[TxT]):
    """`transactions` and `reads` on the database that the URL names. Nothing is connected before `open`.

    `make` builds the transaction object (`SqlTransaction` for all of Tradepost). `connections` is the most a process
    keeps to Postgres; more than ten are slower. Raises `database.url_invalid`.
    """

    transactions: Transactions[TxT]
    reads: Reads

    def __init__(self, url: str, make: Callable[[Connection], TxT], *, connections: int = 10) -> None:
        self.dialect = dialect_of(url)
        self._path = sqlite_path(url) if self.dialect == SQLITE else None
        self._pool = None if self._path else PostgresPool(url, most=connections)
        self._closing: tuple[Callable[[], Awaitable[None]], ...]
        if self._path is not None:
            writer, readers = SqliteTransactions(self._path, make), SqliteReads(self._path)
            self.transactions, self.reads = writer, readers
            self._closing = (writer.close, readers.close)
        elif self._pool is not None:
            transactions = PostgresTransactions(self._pool, make)
            self.transactions, self.reads = transactions, PostgresReads(self._pool)
            self._closing = (transactions.close, self._pool.close)

    async def open(self) -> None:
        """Connect, and see that the tables are there. Raises `database.unavailable` and `database.not_migrated`."""
        if self._path is not None and not self._path.exists():
            raise unmigrated()
        try:
            if self._pool is not None:
                await self._pool.open()
            check(await self.revision())
        except BaseException:
            await self.close()
            raise

    async def revision(self) -> str | None:
        """The revision the tables are at; None before the first migration."""
        try:
            row = await self.reads.one(CURRENT)
        except (asyncpg.UndefinedTableError, sqlite3.OperationalError):
            return None
        return None if row is None else str(row[0])

    async def ping(self) -> None:
        """Ask the database for nothing in particular. Raises `database.unavailable` when it does not answer."""
        await self.reads.one(_PING)

    async def close(self) -> None:
        """Wait for transactions under way, take no more, and let go of every connection."""
        for closes in self._closing:
            await closes()


async def open_database(url: str, make: Callable[[Connection], TxT], *, connections: int = 10) -> Database[TxT]:
    """A `Database`, opened."""
    database = Database(url, make, connections=connections)
    await database.open()
    return database
