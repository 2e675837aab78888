"""Fresh databases for tests, each a copy of a template that was migrated once."""

import asyncio
import contextlib
import os
import shutil
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from tradepost_adapters.sql.migrations import migrate_up


def with_database(url: str, name: str) -> str:
    """The URL of another database on the same server."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, ""))


class PostgresDatabases:
    """Makes and drops databases over one connection, on a thread of its own: usable from any test and fixture."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._prefix = f"tradepost_test_{os.getpid()}_{os.urandom(3).hex()}"
        self._numbers = count(1)
        self._template: str | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="test databases", daemon=True)
        self._thread.start()
        self._connection = asyncio.run_coroutine_threadsafe(asyncpg.connect(url), self._loop).result()

    def execute(self, statement: str) -> None:
        asyncio.run_coroutine_threadsafe(self._connection.execute(statement), self._loop).result()

    @contextlib.contextmanager
    def empty(self) -> Iterator[str]:
        """The URL of a database without tables; dropped afterwards, whoever is still connected."""
        with self._copy("template1") as url:
            yield url

    @contextlib.contextmanager
    def migrated(self) -> Iterator[str]:
        """The URL of a database with all tables."""
        if self._template is None:
            name = f"{self._prefix}_template"
            self.execute(f'CREATE DATABASE "{name}" TEMPLATE template1 STRATEGY FILE_COPY')
            self._template = name
            migrate_up(with_database(self._url, name))
        with self._copy(self._template) as url:
            yield url

    @contextlib.contextmanager
    def _copy(self, template: str) -> Iterator[str]:
        name = f"{self._prefix}_{next(self._numbers)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        try:
            yield with_database(self._url, name)
        finally:
            self.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def close(self) -> None:
        if self._template is not None:
            self.execute(f'DROP DATABASE IF EXISTS "{self._template}" WITH (FORCE)')
        asyncio.run_coroutine_threadsafe(self._connection.close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class SqliteDatabases:
    """Copies a migrated file."""

    def __init__(self, directory: Path) -> None:
        self._template = directory / "template.db"

    def migrated(self, path: Path) -> str:
        """The URL of a database with all tables, made at `path`."""
        if not self._template.exists():
            making = self._template.with_name("making.db")
            migrate_up(f"sqlite:///{making}")
            making.rename(self._template)
        shutil.copyfile(self._template, path)
        return f"sqlite:///{path}"
