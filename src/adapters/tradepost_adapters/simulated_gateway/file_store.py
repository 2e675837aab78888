"""The books in a SQLite file of their own: what is answered is on disk, and several processes may share the file."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tradepost.kernel.money import Money
from tradepost.kernel.transactions import Unavailable
from tradepost.payments.gateway import GatewayAnswer, GatewayEntry
from tradepost_adapters.simulated_gateway.rules import Authorization, State
from tradepost_adapters.simulated_gateway.store import Record, Shelf
from tradepost_adapters.sqlite_library import sqlite3

T = TypeVar("T")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_VERSION = 2
_BUSY_MILLISECONDS = 5_000

_SCHEMA = (
    # `position` orders the books, and `at` never falls along it; an entry that is decided later is moved to the end.
    """CREATE TABLE operations (
        position INTEGER PRIMARY KEY, operation_id TEXT NOT NULL UNIQUE, fingerprint BLOB NOT NULL, at INTEGER NOT NULL,
        kind TEXT NOT NULL, reference TEXT NOT NULL, amount INTEGER, currency TEXT, metadata TEXT NOT NULL,
        first_answer TEXT NOT NULL, answer TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX operations_at ON operations (at)",
    """CREATE TABLE authorizations (
        reference TEXT PRIMARY KEY, operation_id TEXT NOT NULL, token TEXT NOT NULL, sale INTEGER NOT NULL,
        currency TEXT NOT NULL, authorized INTEGER NOT NULL, captured INTEGER NOT NULL, refunded INTEGER NOT NULL,
        state TEXT NOT NULL,
        CHECK (refunded BETWEEN 0 AND captured AND captured <= authorized)
    ) STRICT, WITHOUT ROWID""",
    "CREATE TABLE stumbles (operation_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
)
_SECOND_VERSION = (
    """ALTER TABLE authorizations ADD COLUMN disputed INTEGER NOT NULL DEFAULT 0
        CHECK (disputed >= 0 AND refunded + disputed <= captured)""",
    # Everything beside the operations. Along the positions of a shelf `at` never falls.
    """CREATE TABLE shelves (
        position INTEGER PRIMARY KEY, shelf TEXT NOT NULL, key TEXT NOT NULL, at INTEGER NOT NULL, value TEXT NOT NULL,
        UNIQUE (shelf, key)
    ) STRICT""",
    "CREATE INDEX shelves_at ON shelves (shelf, at, position)",
    f"PRAGMA user_version = {_VERSION}",
)
_FIND = """SELECT fingerprint, first_answer, operation_id, kind, reference, amount, currency, answer, at, metadata
    FROM operations WHERE operation_id = ?"""
_APPEND = """INSERT INTO operations
    (fingerprint, first_answer, operation_id, kind, reference, amount, currency, answer, at, metadata, position)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(position), 0) + 1 FROM operations))
    ON CONFLICT (operation_id) DO UPDATE SET answer = excluded.answer, at = excluded.at, position = excluded.position"""
_PAGE = """SELECT operation_id, kind, reference, amount, currency, answer, at, metadata, position FROM operations
    WHERE position > ? AND position >= (SELECT position FROM operations WHERE at >= ? ORDER BY at, position LIMIT 1)
    ORDER BY position LIMIT ?"""
_LATEST = """SELECT max(at) FROM (
    SELECT at FROM (SELECT at FROM operations ORDER BY position DESC LIMIT 1)
    UNION ALL SELECT at FROM (SELECT at FROM shelves ORDER BY position DESC LIMIT 1))"""
_PUT = """INSERT INTO shelves (shelf, key, at, value) VALUES (?, ?, ?, ?)
    ON CONFLICT (shelf, key) DO UPDATE SET value = excluded.value"""
_SHELF = """SELECT value, position FROM shelves
    WHERE shelf = ?1 AND position > ?2 AND at >= max(?3, coalesce((SELECT at FROM shelves WHERE position = ?2), 0))
    ORDER BY at, position LIMIT ?4"""

_answers: msgspec.json.Decoder[GatewayAnswer] = msgspec.json.Decoder(GatewayAnswer)
_metadata: msgspec.json.Decoder[dict[str, str]] = msgspec.json.Decoder(dict[str, str])


class FileStore:
    """Books in a file. One thread at a time; other processes wait their turn for up to five seconds.

    Raises `gateway.unavailable` when the file can not be opened or is no book.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = 0  # SQLite's number for what others have written
        self._latest: datetime | None = None
        self._empty: dict[str, bool] = {}
        try:
            self._connection = sqlite3.connect(str(path), isolation_level=None, check_same_thread=False)
            self._prepare()
        except sqlite3.Error as error:
            raise Unavailable("gateway", f"The simulated gateway's book {path} can not be opened: {error}.") from error

    def _prepare(self) -> None:
        run = self._connection.execute
        run(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        with self.transaction():
            version = run("PRAGMA user_version").fetchone()[0]
            tables = run("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if version == 0 and tables == 0:
                for statement in (*_SCHEMA, *_SECOND_VERSION):
                    run(statement)
            elif version == 1 and run("SELECT count(*) FROM sqlite_master WHERE name = 'stumbles'").fetchone()[0]:
                for statement in _SECOND_VERSION:
                    run(statement)
            elif version != _VERSION:
                raise Unavailable(
                    "gateway", f"{self._path} is not a book of the simulated gateway; name a file of its own."
                )

    @contextmanager
    def transaction(self) -> Iterator[object]:
        nested = self._connection.in_transaction
        if nested:
            yield self
            return
        self._connection.execute("BEGIN IMMEDIATE")
        self._notice_others()
        try:
            yield self
            self._connection.execute("COMMIT")
        except BaseException:
            self._seen = 0
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _notice_others(self) -> None:
        """Forget what is known of the file when somebody else has written to it, or nobody knows what was written."""
        seen = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if seen != self._seen:
            self._seen, self._latest = seen, None
            self._empty.clear()

    def record(self, operation_id: str, /) -> Record | None:
        row = self._connection.execute(_FIND, (operation_id,)).fetchone()
        if row is None:
            return None
        return Record(fingerprint=row[0], first_answer=_answers.decode(row[1]), entry=_entry(row[2:]))

    def latest(self) -> datetime | None:
        if self._latest is None:
            (latest,) = self._connection.execute(_LATEST).fetchone()
            self._latest = None if latest is None else _time(latest)
        return self._latest

    def append(self, record: Record, /) -> None:
        entry = record.entry
        self._latest = entry.at
        self._connection.execute(
            _APPEND,
            (
                record.fingerprint,
                _text(record.first_answer),
                entry.operation_id,
                entry.kind,
                entry.reference,
                None if entry.amount is None else entry.amount.amount,
                None if entry.amount is None else entry.amount.currency,
                _text(entry.answer),
                _microseconds(entry.at),
                _text(entry.metadata),
            ),
        )

    def authorization(self, reference: str, /) -> Authorization | None:
        row = self._connection.execute(
            """SELECT reference, operation_id, token, sale, currency, authorized, captured, refunded, state, disputed
            FROM authorizations WHERE reference = ?""",
            (reference,),
        ).fetchone()
        if row is None:
            return None
        return Authorization(
            reference=row[0],
            operation_id=row[1],
            token=row[2],
            sale=bool(row[3]),
            currency=row[4],
            authorized=row[5],
            captured=row[6],
            refunded=row[7],
            state=State(row[8]),
            disputed=row[9],
        )

    def put_authorization(self, authorization: Authorization, /) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO authorizations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            msgspec.structs.astuple(authorization),
        )

    def stumble(self, operation_id: str, /) -> bool:
        return bool(self._connection.execute("INSERT OR IGNORE INTO stumbles VALUES (?)", (operation_id,)).rowcount)

    def page(self, since: datetime, after: int | None, limit: int, /) -> tuple[list[GatewayEntry], int | None]:
        rows = self._connection.execute(_PAGE, (after or 0, _microseconds(since), limit + 1)).fetchall()
        return [_entry(row) for row in rows[:limit]], rows[limit - 1][-1] if len(rows) > limit else None

    def take(self, shelf: Shelf[T], key: str, /) -> T | None:
        row = self._connection.execute(
            "SELECT value FROM shelves WHERE shelf = ? AND key = ?", (shelf.name, key)
        ).fetchone()
        return None if row is None else shelf.decoder.decode(row[0])

    def put(self, shelf: Shelf[T], key: str, value: T, at: datetime, /) -> None:
        self._empty[shelf.name] = False
        if self._latest is not None:
            self._latest = max(at, self._latest)
        self._connection.execute(_PUT, (shelf.name, key, _microseconds(at), msgspec.json.encode(value).decode()))

    def drop(self, shelf: Shelf[Any], key: str, /) -> None:
        self._empty.pop(shelf.name, None)
        self._connection.execute("DELETE FROM shelves WHERE shelf = ? AND key = ?", (shelf.name, key))

    def is_empty(self, shelf: Shelf[Any], /) -> bool:
        if shelf.name not in self._empty:
            found = self._connection.execute("SELECT EXISTS (SELECT 1 FROM shelves WHERE shelf = ?)", (shelf.name,))
            self._empty[shelf.name] = not found.fetchone()[0]
        return self._empty[shelf.name]

    def shelf(self, shelf: Shelf[T], since: datetime, after: int | None, limit: int, /) -> tuple[list[T], int | None]:
        values = (shelf.name, after or 0, _microseconds(since), limit + 1)
        rows = self._connection.execute(_SHELF, values).fetchall()
        return [shelf.decoder.decode(row[0]) for row in rows[:limit]], rows[limit - 1][1] if len(rows) > limit else None

    def close(self) -> None:
        self._connection.close()


def _entry(row: tuple[Any, ...]) -> GatewayEntry:
    operation_id, kind, reference, amount, currency, answer, at, metadata = row[:8]
    return GatewayEntry(
        operation_id=operation_id,
        kind=kind,
        reference=reference,
        amount=None if amount is None else Money(amount, currency),
        answer=_answers.decode(answer),
        at=_time(at),
        metadata=_metadata.decode(metadata),
    )


def _text(value: GatewayAnswer | Mapping[str, str]) -> str:
    return msgspec.json.encode(value).decode()


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _time(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
