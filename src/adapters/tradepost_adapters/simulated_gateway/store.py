"""Where the books are kept: what the book needs of a store, and the store in memory."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from tradepost.payments.gateway import GatewayAnswer, GatewayEntry
from tradepost_adapters.simulated_gateway.rules import Authorization


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One operation: what was asked (as a digest), what was answered first, and the entry as it stands."""

    fingerprint: bytes
    first_answer: GatewayAnswer
    entry: GatewayEntry


T = TypeVar("T")


class Shelf(Generic[T]):
    """A kind of rows beside the operations: its name, and what lies on it."""

    def __init__(self, name: str, type_: type[T]) -> None:
        self.name = name
        self.type = type_
        self.decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(type_)


class Store(Protocol):
    """The books' rows. Everything happens inside `transaction`."""

    def transaction(self) -> AbstractContextManager[object]:
        """All of it or nothing, kept for good when the block ends, alone among all processes. May be nested."""
        ...

    def record(self, operation_id: str, /) -> Record | None: ...

    def latest(self) -> datetime | None:
        """The latest time in the books."""
        ...

    def append(self, record: Record, /) -> None:
        """Put the record at the end of the books; an older one of the same operation leaves its place."""
        ...

    def authorization(self, reference: str, /) -> Authorization | None: ...

    def put_authorization(self, authorization: Authorization, /) -> None: ...

    def stumble(self, operation_id: str, /) -> bool:
        """Note a first try that failed; False when there was one already."""
        ...

    def page(self, since: datetime, after: int | None, limit: int, /) -> tuple[list[GatewayEntry], int | None]:
        """Entries since, after the position `after`, and the last one's position if there are more."""
        ...

    def take(self, shelf: Shelf[T], key: str, /) -> T | None: ...

    def put(self, shelf: Shelf[T], key: str, value: T, at: datetime, /) -> None:
        """Put it at the end of the shelf, or, under a key that is there, in the place and with the time of the one before."""
        ...

    def drop(self, shelf: Shelf[Any], key: str, /) -> None: ...

    def is_empty(self, shelf: Shelf[Any], /) -> bool:
        """Whether nothing lies there: asked with every request, so it costs next to nothing."""
        ...

    def shelf(self, shelf: Shelf[T], since: datetime, after: int | None, limit: int, /) -> tuple[list[T], int | None]:
        """What was put there since, after the position `after`, and the last one's position if there is more."""
        ...

    def close(self) -> None: ...


class MemoryStore:
    """Books that end with the process."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._records: dict[str, tuple[int, Record]] = {}
        self._order: dict[int, str] = {}  # position to operation, in order
        self._position = 0
        self._latest: datetime | None = None
        self._authorizations: dict[str, Authorization] = {}
        self._stumbles: set[str] = set()
        self._shelves: dict[str, dict[str, tuple[int, datetime, Any]]] = {}

    def transaction(self) -> AbstractContextManager[object]:
        return self._lock

    def record(self, operation_id: str, /) -> Record | None:
        found = self._records.get(operation_id)
        return found[1] if found else None

    def latest(self) -> datetime | None:
        return self._latest

    def append(self, record: Record, /) -> None:
        operation_id = record.entry.operation_id
        if (before := self._records.get(operation_id)) is not None:
            del self._order[before[0]]
        self._position += 1
        self._latest = record.entry.at
        self._records[operation_id] = (self._position, record)
        self._order[self._position] = operation_id

    def authorization(self, reference: str, /) -> Authorization | None:
        return self._authorizations.get(reference)

    def put_authorization(self, authorization: Authorization, /) -> None:
        self._authorizations[authorization.reference] = authorization

    def stumble(self, operation_id: str, /) -> bool:
        if operation_id in self._stumbles:
            return False
        self._stumbles.add(operation_id)
        return True

    def page(self, since: datetime, after: int | None, limit: int, /) -> tuple[list[GatewayEntry], int | None]:
        rows = list(islice(self._since(since, after or 0), limit + 1))
        entries = [entry for _, entry in rows[:limit]]
        return entries, rows[limit - 1][0] if len(rows) > limit else None

    def take(self, shelf: Shelf[T], key: str, /) -> T | None:
        row = self._shelves.get(shelf.name, {}).get(key)
        return row[2] if row else None

    def put(self, shelf: Shelf[T], key: str, value: T, at: datetime, /) -> None:
        rows = self._shelves.setdefault(shelf.name, {})
        if (before := rows.get(key)) is not None:
            rows[key] = (*before[:2], value)
            return
        self._position += 1
        self._latest = at if self._latest is None else max(at, self._latest)
        rows[key] = (self._position, at, value)

    def drop(self, shelf: Shelf[Any], key: str, /) -> None:
        self._shelves.get(shelf.name, {}).pop(key, None)

    def is_empty(self, shelf: Shelf[Any], /) -> bool:
        return not self._shelves.get(shelf.name)

    def shelf(self, shelf: Shelf[T], since: datetime, after: int | None, limit: int, /) -> tuple[list[T], int | None]:
        found = (row for row in self._shelves.get(shelf.name, {}).values() if row[0] > (after or 0) and row[1] >= since)
        rows = list(islice(found, limit + 1))
        return [value for _, _, value in rows[:limit]], rows[limit - 1][0] if len(rows) > limit else None

    def _since(self, since: datetime, after: int) -> Iterator[tuple[int, GatewayEntry]]:
        for position, operation_id in self._order.items():
            entry = self._records[operation_id][1].entry
            if position > after and entry.at >= since:
                yield position, entry

    def close(self) -> None:
        """Nothing to let go of."""
