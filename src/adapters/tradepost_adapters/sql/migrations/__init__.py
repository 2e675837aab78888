"""The database's schema, step by step, up and down again, on SQLite and Postgres.

On Postgres everything lives in the schema `tradepost`, the table that remembers the revision included, so that the
database can be shared with a host application. Two processes that migrate at once do so one after the other.
"""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import msgspec
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tradepost.kernel.errors import Invalid
from tradepost.kernel.transactions import Unavailable
from tradepost_adapters.sql.postgres_pool import AWAY, connect
from tradepost_adapters.sql.revisions import SCHEMA, VERSION_TABLE
from tradepost_adapters.sql.sqlite_connection import open_sqlite, translate
from tradepost_adapters.sql.statements import SQLITE
from tradepost_adapters.sql.urls import dialect_of, sqlite_path
from tradepost_adapters.sqlite_library import sqlite3

T = TypeVar("T")

_PATIENCE = 60.0
_LOCK = 0x7472_6164_6570  # any number that is only ours: "tradep"


class MigrationStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Where a database stands. `current` is None before the first migration; `pending` are the revisions still to come.

    A `current` that this release does not know was made by a newer one: `pending` is empty then.
    """

    current: str | None
    head: str
    pending: tuple[str, ...]


def migrate_up(url: str, to: str = "head") -> None:
    """Bring the database to a revision; makes the SQLite file, or the Postgres schema, when it is not there.

    All of it happens in one transaction. Blocks; may be called with or without a running event loop. Raises
    `database.unavailable`, `database.url_invalid`, and `migrations.unknown_revision`.
    """
    _migrate(url, lambda config: command.upgrade(config, to))


def migrate_down(url: str, to: str) -> None:
    """Take back revisions until `to`; `base` takes back all, with the data in them. Otherwise like `migrate_up`."""
    _migrate(url, lambda config: command.downgrade(config, to))


def migration_status(url: str) -> MigrationStatus:
    """Where the database stands, without touching it; a SQLite file that is not there stands where an empty one does.

    Raises `database.unavailable` and `database.url_invalid`.
    """
    scripts = ScriptDirectory.from_config(_config())
    missing = dialect_of(url) == SQLITE and not sqlite_path(url).exists()
    current = None if missing else _connected(url, _current, writing=False)
    known = [script.revision for script in reversed(list(scripts.walk_revisions()))]
    behind = known.index(current) + 1 if current in known else len(known)
    pending = known if current is None else known[behind:]
    return MigrationStatus(current=current, head=known[-1], pending=tuple(pending))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "tradepost_adapters.sql:migrations")
    return config


def _migrate(url: str, step: Callable[[Config], None]) -> None:
    def on(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        step(config)

    try:
        _connected(url, on, writing=True)
    except CommandError as error:
        raise Invalid("migrations.unknown_revision", f"{error}. `tradepost migrate status` lists them.") from error


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()


def _connected(url: str, use: Callable[[Connection], T], *, writing: bool) -> T:
    """Call `use` with a connection inside a transaction, alone among those that write."""
    if dialect_of(url) == SQLITE:
        return _on_sqlite(sqlite_path(url), use, writing=writing)
    return _elsewhere(lambda: asyncio.run(_on_postgres(url, use, writing=writing)))


def _on_sqlite(path: Path, use: Callable[[Connection], T], *, writing: bool) -> T:
    engine = create_engine(
        "sqlite://",
        module=sqlite3,
        creator=lambda: open_sqlite(path, busy_timeout=_PATIENCE, reading=not writing),
        poolclass=NullPool,
    )
    # the driver is in autocommit, so SQLAlchemy's transaction begins where we say; IMMEDIATE queues those who migrate
    event.listen(
        engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
    )
    try:
        with engine.connect() as connection:
            if writing:
                # off until all is done, as changing a table means making it anew; it can not be switched in a transaction
                connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")  # type: ignore[union-attr]
            with connection.begin():
                return use(connection)
    except DBAPIError as error:
        if isinstance(error.orig, sqlite3.Error):
            raise translate(error.orig) from error
        raise
    except sqlite3.Error as error:
        raise translate(error) from error


async def _on_postgres(url: str, use: Callable[[Connection], T], *, writing: bool) -> T:
    async def opened() -> "asyncpg.Connection[Any]":
        connection = await connect(url)
        if writing:
            await connection.execute(f"SELECT pg_advisory_lock({_LOCK})")  # let go of when the connection closes
            await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        return connection

    engine = create_async_engine("postgresql+asyncpg://", async_creator=opened, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(use)
    except AWAY as error:
        raise Unavailable("database", "The database does not answer; is it running, and is its URL right?") from error
    finally:
        await engine.dispose()


def _elsewhere(call: Callable[[], T]) -> T:
    """On a thread of its own, so that a running event loop is not in the way."""
    results: list[T] = []
    errors: list[BaseException] = []

    def body() -> None:
        try:
            results.append(call())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=body, name="tradepost-migrations")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
