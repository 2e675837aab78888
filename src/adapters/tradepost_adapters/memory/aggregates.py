"""What every repository of aggregates does in memory: hand out copies, check the version, write the facts."""

from copy import copy
from typing import Generic, TypeVar

from tradepost.kernel.errors import NotFound
from tradepost.kernel.events import Aggregate
from tradepost.kernel.transactions import StaleVersion
from tradepost_adapters.memory.database import Session, TableOf
from tradepost_adapters.memory.outbox import MemoryOutbox

A = TypeVar("A", bound=Aggregate)


class Aggregates(Generic[A]):
    """Base of the repositories: `get`, `add`, `save`. `self.rows` is the table, for what else a port asks.

    `get` hands out a copy, `add` and `save` keep one, so changes count only when saved. Rows found in another way must
    go out through `copy` as well.
    """

    def __init__(self, session: Session, outbox: MemoryOutbox, table: TableOf[str, A], what: str) -> None:
        self.rows = session.table(table)
        self._outbox = outbox
        self._what = what

    async def get(self, id: str, /) -> A:  # noqa: A002 - the port's own word
        """A copy of the aggregate. Raises `NotFound`."""
        row = self.rows.get(id)
        if row is None:
            raise NotFound(self._what, id)
        return copy(row)

    async def add(self, aggregate: A, /) -> None:
        """Insert with version 1. Raises `UniqueViolation`."""
        messages = aggregate.take_messages()
        aggregate.version += 1
        self.rows.add(aggregate.id, copy(aggregate))
        if messages:
            await self._outbox.append(messages)

    async def save(self, aggregate: A, /) -> None:
        """Replace the version it was read at by the next. Raises `StaleVersion`."""
        current = self.rows.get(aggregate.id)
        if current is None or current.version != aggregate.version:
            raise StaleVersion(aggregate.id)
        messages = aggregate.take_messages()
        aggregate.version += 1
        self.rows[aggregate.id] = copy(aggregate)
        if messages:
            await self._outbox.append(messages)
