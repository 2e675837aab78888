"""Connections to Postgres: how they are opened and shared, and what the server's complaints mean."""

import asyncio
import re
from contextlib import suppress
from typing import Any

import asyncpg

from tradepost.kernel.transactions import Unavailable
from tradepost_adapters.sql.connection import CheckViolation, ForeignKeyViolation, UniqueViolation
from tradepost_adapters.sql.revisions import SCHEMA
from tradepost_adapters.sql.urls import postgres_dsn

_SETTINGS = {"search_path": SCHEMA, "application_name": "tradepost", "jit": "off"}
_KEYS = re.compile(r"Key \((.+?)\)=\(")
_PLAIN_NAME = re.compile(r'"?\w+"?')

AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,
)
"""What is raised when the server, or the way to it, is gone. What it was doing may or may not have happened."""

_BUSY = (
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.ReadOnlySQLTransactionError,
)
RETRIED = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.InvalidCachedStatementError)
"""What another try may well not meet again. The last one: a migration changed a table under a prepared statement."""


async def connect(url: str, **options: Any) -> "asyncpg.Connection[Any]":
    """A connection of one's own, on our schema."""
    connection: asyncpg.Connection[Any] = await asyncpg.connect(
        postgres_dsn(url), server_settings=_SETTINGS, timeout=10, **options
    )
    return connection


def translate(error: Exception) -> Exception:
    """What the complaint means; the complaint itself where it is a bug (a missing table, bad SQL)."""
    if isinstance(error, asyncpg.UniqueViolationError):
        return UniqueViolation(
            table=error.table_name or "", columns=_columns(error.detail), constraint=error.constraint_name or ""
        )
    if isinstance(error, asyncpg.CheckViolationError):
        return CheckViolation(error.constraint_name or "")
    if isinstance(error, asyncpg.ForeignKeyViolationError):
        return ForeignKeyViolation(error.constraint_name or "")
    if isinstance(error, RETRIED):
        return Unavailable("database", "Too many were changing the same rows at the same moment; try again.")
    if isinstance(error, _BUSY):
        return Unavailable("database", "The database is too busy or refuses to write just now; try again.")
    if isinstance(error, AWAY):
        return away()
    return error


def away() -> Unavailable:
    return Unavailable("database", "The database does not answer; is it running, and is its URL right?")


def _columns(detail: str | None) -> tuple[str, ...]:
    """The columns of `Key (scope, key)=(a, b) already exists.`; none where the index is on an expression."""
    found = _KEYS.match(detail or "")
    names = found[1].split(", ") if found else []
    return tuple(name.strip('"') for name in names) if all(map(_PLAIN_NAME.fullmatch, names)) else ()


class PostgresPool:
    """At most `most` connections, `least` of them kept open, shared by transactions and reads of one event loop.

    `patience` is how many seconds a caller waits for a connection, and `answer` how many one statement may take, before
    the database counts as unavailable. Few connections are fast: four to ten for a process is right.
    """

    def __init__(
        self, url: str, *, least: int = 4, most: int = 10, patience: float = 5.0, answer: float = 30.0
    ) -> None:
        self._url = url
        self._least = min(least, most)
        self._most = most
        self._patience = patience
        self._answer = answer
        self._pool: asyncpg.Pool[Any] | None = None
        self._closed = False

    async def open(self) -> None:
        """Connect. Raises `Unavailable` when the server is away, and plainly what is wrong with the URL."""
        self._closed = False
        pool = asyncpg.create_pool(
            postgres_dsn(self._url),
            min_size=self._least,
            max_size=self._most,
            max_queries=1_000_000,  # the default makes a busy connection prepare everything anew every few seconds
            reset=_nothing,  # we leave nothing behind, and asking the server to forget it is a round trip each time
            timeout=self._patience,
            command_timeout=self._answer,
            server_settings=_SETTINGS,
            statement_cache_size=512,
            max_cached_statement_lifetime=0,
            max_cacheable_statement_size=128 * 1024,
        )
        try:
            self._pool = await pool
        except (*AWAY, *_BUSY) as error:
            raise translate(error) from error

    async def acquire(self) -> Any:
        """A connection that is ours until `release`. Raises `Unavailable`."""
        if self._pool is None:
            state = "closed: this process is shutting down" if self._closed else "not open yet"
            raise Unavailable("database", f"The database is {state}.")
        try:
            async with asyncio.timeout(self._patience):
                return await self._pool.acquire()
        except TimeoutError as error:
            detail = f"No connection to the database was free within {self._patience:g} s; try again."
            raise Unavailable("database", detail) from error
        except (*AWAY, *_BUSY) as error:
            raise translate(error) from error
        except asyncpg.InterfaceError as error:
            raise Unavailable("database", "The database is closed: this process is shutting down.") from error

    async def release(self, raw: Any) -> None:
        """Give it back; one that is broken, or still inside a transaction, is thrown away."""
        if self._pool is None:
            return
        if not raw.is_closed() and raw.is_in_transaction():
            raw.terminate()
        # a task that was ended with its loop, or a connection that breaks now: neither changes what has been done
        with suppress(asyncio.CancelledError, *AWAY, asyncpg.InterfaceError):
            await self._pool.release(raw)

    async def close(self) -> None:
        """Wait for connections in use and close them all."""
        pool, self._pool = self._pool, None
        self._closed = True
        if pool is not None:
            with suppress(*AWAY):
                await pool.close()


async def _nothing(_: Any) -> None:
    return
