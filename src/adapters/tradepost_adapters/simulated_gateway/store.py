"""Where the books are kept: what the book needs of a store, and the store in memory."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from itertools import islice
from typing import Protocol

import msgspec

from tradepost.payments.gateway import GatewayAnswer, GatewayEntry
from tradepost_adapters.simulated_gateway.rules import Authorization


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One operation: what was asked (as a digest), what was answered first, and the entry as it stands."""

    fingerprint: bytes
    first_answer: GatewayAnswer
    entry: GatewayEntry


class Store(Protocol):
    """The books' rows. Everything happens inside `transaction`."""

    def transaction(self) -> AbstractContextManager[object]:
        """All of it or nothing, kept for good when the block ends, alone among all processes. May be nested."""
        ...

    def record(self, operation_id: str, /) -> Record | None: ...

    def latest(self) -> datetime | None:
        """The time of the last entry."""
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

    def _since(self, since: datetime, after: int) -> Iterator[tuple[int, GatewayEntry]]:
        for position, operation_id in self._order.items():
            entry = self._records[operation_id][1].entry
            if position > after and entry.at >= since:
                yield position, entry

    def close(self) -> None:
        """Nothing to let go of."""
