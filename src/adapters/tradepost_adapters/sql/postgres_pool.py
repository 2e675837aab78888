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

_SETTINGS = {"search_path": SCHEMA, "application_name": "tradepost", "jit": "off", "tcp_keepalives_idle": "60"}
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
    connection: asyncpg.Connection[Any] = await asyncpg.connect(postgres_dsn(url), server_settings=_SETTINGS, **options)
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
    """At most `most` connections, shared by the transactions and reads of one event loop, opened when first needed.

    `patience` is how many seconds a caller waits for a connection, and `answer` how many one statement may take, before
    the database counts as unavailable. Few connections are fast: four to ten for a process is right.

    asyncpg's own pool spends a task on every release and forgets a connection that broke before its user is done with
    it; ours hands out the connection itself, so what happened to it can still be told.
    """

    def __init__(self, url: str, *, most: int = 10, patience: float = 5.0, answer: float = 30.0) -> None:
        self._url = url
        self._most = most
        self._patience = patience
        self._answer = answer
        self._idle: list[asyncpg.Connection[Any]] = []
        self._free: asyncio.Semaphore | None = None
        self._closed = False

    async def open(self) -> None:
        """Connect once, to see that it can be done. Raises `Unavailable` when the server is away."""
        self._free = asyncio.Semaphore(self._most)
        self._closed = False
        self.release(await self.acquire())

    async def acquire(self) -> "asyncpg.Connection[Any]":
        """A connection that is the caller's until `release`. Raises `Unavailable`."""
        free = self._free
        if free is None:
            raise Unavailable("database", "The database is not open yet.")
        if not self._closed:
            await self._wait_for_turn(free)
        if self._closed:
            raise Unavailable("database", "The database is closed: this process is shutting down.")
        try:
            while self._idle:
                raw = self._idle.pop()  # the one used last, which knows most statements
                if not raw.is_closed():
                    return raw
            return await self._connect()
        except BaseException:
            free.release()
            raise

    def release(self, raw: "asyncpg.Connection[Any]") -> None:
        """Give it back; one that is broken, or still inside a transaction, is thrown away."""
        if not raw.is_closed():
            if raw.is_in_transaction():
                raw.terminate()
            else:
                self._idle.append(raw)
        if self._free is not None:
            self._free.release()

    async def close(self) -> None:
        """Take nothing new, wait for the connections in use, and close them all."""
        if self._free is None or self._closed:
            return
        self._closed = True
        for _ in range(self._most):
            await self._free.acquire()
        while self._idle:
            with suppress(*AWAY, asyncpg.InterfaceError):
                await self._idle.pop().close(timeout=self._patience)

    async def _wait_for_turn(self, free: asyncio.Semaphore) -> None:
        if not free.locked():
            await free.acquire()
            return
        try:
            async with asyncio.timeout(self._patience):
                await free.acquire()
        except TimeoutError as error:
            detail = f"No connection to the database was free within {self._patience:g} s; try again."
            raise Unavailable("database", detail) from error
        if self._closed:
            free.release()

    async def _connect(self) -> "asyncpg.Connection[Any]":
        try:
            return await connect(
                self._url,
                timeout=self._patience,
                command_timeout=self._answer,
                statement_cache_size=512,
                max_cached_statement_lifetime=0,
                max_cacheable_statement_size=128 * 1024,  # many inserts in one are long
            )
        except (*AWAY, *_BUSY) as error:
            raise translate(error) from error
