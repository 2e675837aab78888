"""Reading SQLite outside transactions: a few connections that never write, each on a thread of aiosqlite's."""

import asyncio
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING

from tradepost.kernel.stepping import refuse_nested
from tradepost.kernel.transactions import Unavailable
from tradepost_adapters.sql.connection import NOTHING, Params, Row
from tradepost_adapters.sql.sqlite_connection import open_sqlite, translate
from tradepost_adapters.sql.statements import SQLITE, Statement
from tradepost_adapters.sqlite_library import connect_async, sqlite3

if TYPE_CHECKING:
    import aiosqlite


class SqliteReads:
    """`Reads` on one SQLite file: at most `size` queries at a time, connections opened when first needed.

    Rows are always fetched to the last: an open cursor would pin an old snapshot and keep the WAL from shrinking.

    A lookup by key takes some 20 µs, and the way to another thread and back five times that; so it is answered at once, by
    a connection that waits for nothing. When the file is busy (never for writers: the WAL sees to that), the others ask.
    """

    dialect = SQLITE

    def __init__(self, path: Path | str, *, size: int = 4, busy_timeout: float = 5.0) -> None:
        self._path = Path(path)
        self._busy_timeout = busy_timeout
        self._slots = asyncio.Semaphore(size)
        self._idle: list[aiosqlite.Connection] = []
        self._direct: sqlite3.Connection | None = None
        self._thread = 0
        self._closed = False

    async def all(self, statement: Statement, params: Params = NOTHING, /) -> list[Row]:
        """All rows, from the state committed at this moment. Raises `Unavailable` when the file is."""
        refuse_nested()
        compiled = statement.on(SQLITE)
        values = compiled.bind(params)
        async with self._slots:
            if self._closed:
                raise Unavailable("database", "The database is closed: this process is shutting down.")
            try:
                connection = self._idle.pop() if self._idle else await self._open()
                try:
                    rows = await connection.execute_fetchall(compiled.text, values)
                except asyncio.CancelledError:
                    await connection.interrupt()  # nobody wants the rest of a long query
                    raise
                finally:
                    await self._give_back(connection)
            except sqlite3.Error as error:
                meaning = translate(error)
                if meaning is error:
                    raise
                raise meaning from error
        return compiled.rows(list(rows))

    async def one(self, statement: Statement, params: Params = NOTHING, /) -> Row | None:
        """The first row, or None."""
        rows = self._at_once(statement, params) if statement.lookup else None
        if rows is None:
            rows = await self.all(statement, params)
        return rows[0] if rows else None

    def _at_once(self, statement: Statement, params: Params) -> list[Row] | None:
        """The rows; None when somebody else has to ask."""
        refuse_nested()
        if self._closed:
            return None
        compiled = statement.on(SQLITE)
        values = compiled.bind(params)
        try:
            if self._direct is None:
                self._direct, self._thread = open_sqlite(self._path, busy_timeout=0, reading=True), get_ident()
            elif self._thread != get_ident():
                return None  # a connection belongs to the thread that opened it
            return compiled.rows(self._direct.execute(compiled.text, values).fetchall())
        except sqlite3.Error:
            return None  # and finds out what it is

    async def close(self) -> None:
        """Let go of the file; queries under way close their connection when they are done."""
        self._closed = True
        if self._direct is not None and self._thread == get_ident():
            self._direct.close()
        while self._idle:
            await self._idle.pop().close()

    async def _open(self) -> "aiosqlite.Connection":
        connection = connect_async(lambda: open_sqlite(self._path, busy_timeout=self._busy_timeout, reading=True))
        connection._thread.daemon = True  # so that a program which forgets `close` still ends
        return await connection

    async def _give_back(self, connection: "aiosqlite.Connection") -> None:
        if self._closed:
            await connection.close()
        else:
            self._idle.append(connection)
