"""Work for the SQLite writer, and what keeps it busy meanwhile."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from tests.adapters.sql.notes import INSERT_NOTE, note

from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.sqlite import SqliteTransactions
from tradepost_adapters.sqlite_library import sqlite3

Work = Callable[[Connection], Coroutine[Any, Any, Any]]


def adding(*names: str, number: int = 1) -> Work:
    async def work(tx: Connection) -> str:
        await tx.insert(INSERT_NOTE, [note(name, number) for name in names])
        return names[0]

    return work


class Held:
    """The file, written to by somebody else until `release`."""

    def __init__(self, path: Path) -> None:
        self._raw = sqlite3.connect(str(path), isolation_level=None)
        self._raw.execute("BEGIN IMMEDIATE")

    def release(self) -> None:
        self._raw.execute("ROLLBACK")
        self._raw.close()


class Gate:
    """Work that keeps the writer busy until it is opened, so that what is queued meanwhile becomes one batch."""

    def __init__(self) -> None:
        self._begun = threading.Event()
        self._open = threading.Event()

    async def work(self, tx: Connection) -> None:
        self._begun.set()
        assert self._open.wait(10)

    async def begun(self) -> None:
        assert await asyncio.to_thread(self._begun.wait, 10)

    def open(self) -> None:
        self._open.set()


async def queued(transactions: SqliteTransactions[Connection], *works: Work) -> list[Any]:
    """Run these as one batch."""
    gate = Gate()
    first = asyncio.create_task(transactions.run(gate.work))
    await gate.begun()
    rest = [asyncio.create_task(transactions.run(work)) for work in works]
    await asyncio.sleep(0)
    gate.open()
    await first
    return await asyncio.gather(*rest, return_exceptions=True)
