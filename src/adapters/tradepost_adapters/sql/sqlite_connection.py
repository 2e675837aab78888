"""One SQLite connection: how it is opened, how a transaction speaks to it, and what its complaints mean."""

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from tradepost.kernel.stepping import ended, swallowed
from tradepost.kernel.transactions import Unavailable
from tradepost_adapters.sql.connection import (
    NOTHING,
    CheckViolation,
    ForeignKeyViolation,
    Params,
    Row,
    UniqueViolation,
    refuse,
)
from tradepost_adapters.sql.statements import SQLITE, Change, Insert, Statement, encode_json
from tradepost_adapters.sqlite_library import sqlite3

SAVEPOINT = "work"
_CACHED_STATEMENTS = 512
_WAL_PAUSE = 0.01
_JOURNAL_BYTES = 64 * 1024 * 1024
_AWAY = {
    "locked": "The database is busy: another process is writing to it. Try again.",
    "disk is full": "The database's disk is full.",
    "disk I/O error": "The database's disk does not answer.",
    "unable to open": "The database file can not be opened.",
    "not a database": "The database file is no SQLite database.",
    "readonly": "The database file can not be written to.",
}


def open_sqlite(path: Path, *, busy_timeout: float, reading: bool = False) -> sqlite3.Connection:
    """A connection in WAL mode on which every transaction is begun by hand. A reader never makes the file or writes to it."""
    mode = "rw" if reading else "rwc"
    raw = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=busy_timeout,
        isolation_level=None,
        cached_statements=_CACHED_STATEMENTS,
    )
    try:
        if reading:
            raw.execute("PRAGMA query_only = ON")
        else:
            _turn_on_wal(raw, time.monotonic() + busy_timeout)
            raw.execute("PRAGMA synchronous = FULL")
            raw.execute("PRAGMA foreign_keys = ON")
            # without it the WAL file stays as large as the largest burst ever made it
            raw.execute(f"PRAGMA journal_size_limit = {_JOURNAL_BYTES}").fetchall()
    except BaseException:
        raw.close()
        raise
    return raw


def _turn_on_wal(raw: sqlite3.Connection, deadline: float) -> None:
    # the mode stays with the file; changing it is the one thing for which SQLite does not wait while others have it open
    while raw.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            mode = raw.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() >= deadline:
                raise
            time.sleep(_WAL_PAUSE)
        else:
            if mode != "wal":
                raise Unavailable("database", "The database file is where SQLite can not keep a write-ahead log.")


def translate(error: sqlite3.Error) -> Exception:
    """What SQLite's complaint means; the complaint itself where it is a bug (a missing table, bad SQL)."""
    text = str(error)
    if isinstance(error, sqlite3.IntegrityError):
        kind, _, what = text.partition(" constraint failed")
        what = what.removeprefix(": ")
        if kind == "UNIQUE":
            return _unique(what)
        if kind == "CHECK":
            return CheckViolation(what)
        if kind == "FOREIGN KEY":
            return ForeignKeyViolation()
    if isinstance(error, sqlite3.DatabaseError):
        for words, detail in _AWAY.items():
            if words in text:
                return Unavailable("database", detail)
    return error


def _unique(what: str) -> UniqueViolation:
    if index := re.fullmatch(r"index '(.+)'", what):
        return UniqueViolation(table="", constraint=index[1])
    named = [name.rpartition(".") for name in what.split(", ")]
    return UniqueViolation(table=named[0][0], columns=tuple(column for _, _, column in named))


class SqliteConnection:
    """The connection of one running function. It never waits, so the function can be stepped; it dies with it."""

    __slots__ = ("_raw", "lost")

    dialect = SQLITE

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw: sqlite3.Connection | None = raw
        self.lost: Exception | None = None

    def end(self) -> None:
        """The function has returned: whoever kept the transaction can do nothing with it."""
        self._raw = None

    def verify(self) -> None:
        """Raise when the work hid from us that the database had refused something."""
        if self.lost is not None:
            raise swallowed(self.lost) from self.lost

    async def all(self, statement: Statement, params: Params = NOTHING, /) -> list[Row]:
        compiled = statement.on(SQLITE)
        raw = self._usable()
        try:
            return compiled.rows(raw.execute(compiled.text, compiled.bind(params)).fetchall())
        except sqlite3.Error as error:
            self._fail(error)

    async def one(self, statement: Statement, params: Params = NOTHING, /) -> Row | None:
        rows = await self.all(statement, params)
        return rows[0] if rows else None

    async def run(self, statement: Statement, params: Params = NOTHING, /) -> int:
        compiled = statement.on(SQLITE)
        raw = self._usable()
        try:
            return raw.execute(compiled.text, compiled.bind(params)).rowcount
        except sqlite3.Error as error:
            self._fail(error)

    async def insert(self, statement: Insert, rows: Sequence[Params], /) -> None:
        self.defer(statement, rows)

    async def change(
        self, change: Change, document: Any, /, *, rows: int, otherwise: Callable[[list[Row]], Exception]
    ) -> None:
        raw = self._usable()
        try:
            done = raw.execute(change.sqlite, (encode_json(document),)).rowcount
        except sqlite3.Error as error:
            self._fail(error)
        if done != rows:
            raw.execute(f"ROLLBACK TO {SAVEPOINT}")  # what is to be explained is the state before
            found = await self.all(change.explain, {"document": document})
            self.lost = otherwise(found)
            raise self.lost

    def defer(self, statement: Insert, rows: Sequence[Params], /) -> None:
        raw = self._usable()
        text = statement.text(SQLITE)
        try:
            if len(rows) == 1:
                raw.execute(text, statement.values(SQLITE, rows[0]))
            elif rows:
                raw.executemany(text, [statement.values(SQLITE, row) for row in rows])
        except sqlite3.Error as error:
            self._fail(error, statement)

    def _usable(self) -> sqlite3.Connection:
        if self._raw is None:
            raise ended()
        self.verify()
        return self._raw

    def _fail(self, error: sqlite3.Error, *inserts: Insert) -> NoReturn:
        meaning = self.lost = translate(error)
        if isinstance(meaning, UniqueViolation):
            if not meaning.table:
                meaning.table = self._table_of(meaning.constraint)
            refuse(meaning, inserts, error)
        if meaning is error:
            raise error
        raise meaning from error

    def _table_of(self, index: str) -> str:
        assert self._raw is not None  # noqa: S101 - a statement has just failed on it
        found = self._raw.execute("SELECT tbl_name FROM sqlite_master WHERE name = ?", (index,)).fetchone()
        return str(found[0]) if found else ""
