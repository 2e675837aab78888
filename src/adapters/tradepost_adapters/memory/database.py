"""Tables in memory with transactions: dictionaries, secondary indexes and an undo journal.

Everything happens under one lock, so transactions are serial; what a failed one wrote is put back from the journal.
Rows are replaced and never changed in place: keep frozen Structs, or store and hand out copies (`aggregates.py` does).
"""

import threading
from collections.abc import Callable, Coroutine, Hashable, ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from contextlib import contextmanager
from contextvars import copy_context
from itertools import count
from typing import Any, Final, Generic, NoReturn, TypeVar

from tradepost.kernel.stepping import ended, refuse_nested, step, swallowed
from tradepost.kernel.transactions import StaleVersion

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
R = TypeVar("R")
Tx_co = TypeVar("Tx_co", covariant=True)

ATTEMPTS = 5
_MISSING: Final[Any] = object()


class UniqueViolation(Exception):
    """A row with this key, or this value in a unique index, is already there. `index` is None for the key itself.

    Repositories turn it into what their port promises. The transaction is lost with it, as it is on Postgres: work that
    hides it and goes on is a `TransactionMisuse`.
    """

    def __init__(self, table: str, index: str | None, value: object) -> None:
        super().__init__(f"{table}: {value!r} is already there" + (f" (index {index})" if index else ""))
        self.table = table
        self.index = index
        self.value = value


class Index(Generic[V]):
    """Finds rows by something else than their key: `Index(lambda order: order.customer_id)`.

    A row whose value is None is left out, which makes an index partial. `unique` refuses a second row with the value.
    With `each`, the function gives several values and the row is found by any of them.
    """

    __slots__ = ("each", "key", "unique")

    def __init__(self, key: Callable[[V], Any], *, unique: bool = False, each: bool = False) -> None:
        self.key = key
        self.unique = unique
        self.each = each

    def values(self, row: V) -> Iterable[Hashable]:
        value = self.key(row)
        if not self.each:
            return () if value is None else (value,)
        values: Iterable[Hashable] = value
        return values


class TableOf(Generic[K, V]):
    """Declares a table, once, at module level: `ORDERS = TableOf[str, Order]("orders", number=Index(…, unique=True))`.

    `rows` are in it from the start, as a migration puts them into other databases.
    """

    def __init__(self, name: str, rows: Mapping[K, V] | None = None, **indexes: Index[V]) -> None:
        self.name = name
        self.rows = dict(rows or {})
        self.indexes = indexes


class _Store(Generic[K, V]):
    """The data of one table: rows by key, and for every index the keys (in insertion order) by value."""

    __slots__ = ("found", "indexes", "name", "rows", "unique")

    def __init__(self, definition: TableOf[K, V]) -> None:
        self.name = definition.name
        self.rows: dict[K, V] = {}
        self.found: dict[str, dict[Hashable, dict[K, None]]] = {name: {} for name in definition.indexes}
        self.indexes = tuple((index, self.found[name]) for name, index in definition.indexes.items())
        self.unique = tuple((name, index) for name, index in definition.indexes.items() if index.unique)
        for key, row in definition.rows.items():
            self.replace(key, _MISSING, row)

    def violation(self, key: K, row: V) -> UniqueViolation | None:
        for name, index in self.unique:
            found = self.found[name]
            for value in index.values(row):
                if value in found and key not in found[value]:
                    return UniqueViolation(self.name, name, value)
        return None

    def replace(self, key: K, old: V, new: V) -> None:
        """Put `new` where `old` was, either of them possibly missing. Safe to repeat when it was interrupted."""
        for index, found in self.indexes:
            before = () if old is _MISSING else index.values(old)
            after = () if new is _MISSING else index.values(new)
            if before == after:
                continue
            for value in before:
                keys = found.get(value)
                if keys is not None:
                    keys.pop(key, None)
                    if not keys:
                        found.pop(value, None)
            for value in after:
                keys = found.get(value)
                if keys is None:
                    found[value] = {key: None}
                else:
                    keys[key] = None
        if new is _MISSING:
            self.rows.pop(key, None)
        else:
            self.rows[key] = new


class Session:
    """A stay in the database, holding its lock: a transaction, or (read-only) a look at what is committed."""

    __slots__ = ("_database", "_tables", "journal", "lost", "open")

    def __init__(self, database: "MemoryDatabase", journal: list[tuple[_Store[Any, Any], Any, Any]] | None) -> None:
        self._database = database
        self._tables: dict[str, Table[Any, Any]] = {}
        self.journal = journal
        self.open = True
        self.lost: UniqueViolation | None = None

    def table(self, definition: TableOf[K, V]) -> "Table[K, V]":
        table = self._tables.get(definition.name)
        if table is None:
            if not self.open:
                raise ended()
            table = self._tables[definition.name] = Table(self, self._database.store(definition))
        return table

    def next(self, sequence: str) -> int:
        """The next number of a sequence, from 1. Never given out again, so a rollback leaves a gap."""
        return self._database.next(sequence)

    def refuse(self, violation: UniqueViolation) -> NoReturn:
        """Raise it, and remember that this transaction cannot be committed any more."""
        self.lost = violation
        raise violation

    def roll_back(self) -> None:
        """Put everything back as it was, newest change first."""
        for store, key, old in reversed(self.journal or ()):
            current = store.rows.get(key, _MISSING)
            # Rebuilt in two steps, because an interrupted change may have left an index behind the row.
            store.replace(key, current, _MISSING)
            if old is not _MISSING:
                store.replace(key, _MISSING, old)


class Table(Generic[K, V]):
    """A table inside a session. Like a dict, with `add`, and `by`, `one` and `has` for its indexes."""

    __slots__ = ("_rows", "_session", "_store")

    def __init__(self, session: Session, store: _Store[K, V]) -> None:
        self._session = session
        self._store = store
        self._rows = store.rows

    def _open(self) -> dict[K, V]:
        if not self._session.open:
            raise ended()
        return self._rows

    def get(self, key: K) -> V | None:
        return self._open().get(key)

    def __getitem__(self, key: K) -> V:
        return self._open()[key]

    def __contains__(self, key: K) -> bool:
        return key in self._open()

    def __len__(self) -> int:
        return len(self._open())

    def __iter__(self) -> Iterator[K]:
        return iter(self._open())

    def keys(self) -> KeysView[K]:
        return self._open().keys()

    def values(self) -> ValuesView[V]:
        """All rows, live: take a list first when changing rows in a loop."""
        return self._open().values()

    def items(self) -> ItemsView[K, V]:
        return self._open().items()

    def by(self, index: str, value: Hashable) -> list[V]:
        """The rows with this value in the index, oldest entry first."""
        rows = self._open()
        return [rows[key] for key in self._store.found[index].get(value, ())]

    def one(self, index: str, value: Hashable) -> V | None:
        """The first row with this value in the index: the only one, when it is unique."""
        rows = self._open()
        for key in self._store.found[index].get(value, ()):
            return rows[key]
        return None

    def has(self, index: str, value: Hashable) -> bool:
        self._open()
        return value in self._store.found[index]

    def add(self, key: K, row: V) -> None:
        """Insert. Raises `UniqueViolation` when the key is there, or a value a unique index holds already."""
        if key in self._open():
            self._session.refuse(UniqueViolation(self._store.name, None, key))
        self._put(key, _MISSING, row)

    def __setitem__(self, key: K, row: V) -> None:
        """Insert or replace. Raises `UniqueViolation` for a value a unique index holds already."""
        self._put(key, self._open().get(key, _MISSING), row)

    def __delitem__(self, key: K) -> None:
        self._put(key, self._open()[key], _MISSING)

    def pop(self, key: K) -> V | None:
        """Delete, whether it is there or not; what it was."""
        row = self._open().get(key)
        if row is not None:
            self._put(key, row, _MISSING)
        return row

    def _put(self, key: K, old: V, new: V) -> None:
        journal = self._session.journal
        if journal is None:
            raise TypeError(f"{self._store.name}: views only read; writing goes through Transactions.run.")
        store = self._store
        if store.indexes:
            if store.unique and new is not _MISSING:
                violation = store.violation(key, new)
                if violation is not None:
                    self._session.refuse(violation)
            journal.append((store, key, old))
            store.replace(key, old, new)
            return
        journal.append((store, key, old))
        if new is _MISSING:
            del store.rows[key]
        else:
            store.rows[key] = new


class MemoryDatabase:
    """The tables. Share one between `MemoryTransactions` and the views that read it; a new one is empty."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._stores: dict[str, _Store[Any, Any]] = {}
        self._sequences: dict[str, count[int]] = {}

    def store(self, definition: TableOf[K, V]) -> _Store[K, V]:
        store = self._stores.get(definition.name)
        if store is None:
            store = self._stores[definition.name] = _Store(definition)
        return store

    def next(self, sequence: str) -> int:
        return next(self._sequences.setdefault(sequence, count(1)))

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A look at committed rows, for views. Raises `TransactionMisuse` inside the work of a transaction."""
        refuse_nested()
        with self.lock:
            session = Session(self, None)
            try:
                yield session
            finally:
                session.open = False


class MemoryTransactions(Generic[Tx_co]):
    """`Transactions` over a `MemoryDatabase`: serial, atomic and strict; usable from several threads and event loops.

    `factory` makes the transaction object from its session (`MemoryTransaction` for all of Tradepost). `run` never
    suspends, so a caller is cancelled before it or after it, never in between.
    """

    def __init__(self, database: MemoryDatabase, factory: Callable[[Session], Tx_co]) -> None:
        self._database = database
        self._factory = factory

    async def run(self, work: Callable[[Tx_co], Coroutine[Any, Any, R]], /) -> R:
        """See `tradepost.kernel.transactions.Transactions.run`."""
        refuse_nested()
        for _ in range(ATTEMPTS - 1):
            try:
                return self._attempt(work)
            except StaleVersion:
                continue  # no pause: the lock was free in between, and whoever was faster is done
        return self._attempt(work)

    def _attempt(self, work: Callable[[Tx_co], Coroutine[Any, Any, R]]) -> R:
        with self._database.lock:
            session = Session(self._database, [])
            try:
                result = step(work, self._factory(session), copy_context())
                if session.lost is not None:
                    raise swallowed(session.lost) from session.lost
                return result
            except BaseException:
                session.roll_back()
                raise
            finally:
                session.open = False
