"""Facts on their way out, in memory: the outbox and the relay's side of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice

import msgspec

from tradepost.kernel.events import Message
from tradepost.kernel.wakeups import Topic
from tradepost.messaging.delivery import (
    PARTITIONS,
    PartitionLease,
    Term,
    Waiting,
    partition_of,
)
from tradepost_adapters.memory.database import Index, Session, TableOf


class OutboxRow(msgspec.Struct, frozen=True, gc=False):
    """A message in its place; when it was delivered, and its number in the event log."""

    position: int
    partition: int
    message: Message
    settled_at: datetime | None = None
    number: int | None = None


class PartitionRow(msgspec.Struct, frozen=True):
    """Who serves a partition. `turn` grows with every lease given, so the smallest was served longest ago."""

    partition: int
    token: int = 0
    turn: int = 0
    lease_until: datetime | None = None


def _waiting_in(row: OutboxRow) -> int | None:
    return row.partition if row.settled_at is None else None


OUTBOX = TableOf[int, OutboxRow](
    "outbox", waiting=Index(_waiting_in), number=Index(lambda row: row.number), id=Index(lambda row: row.message.id)
)
PARTITION_ROWS = TableOf[int, PartitionRow]("outbox_partitions")
EVENT_LOG = TableOf[int, int]("event_log", rows={1: 0})
"""Its one row is the last number given; a sequence would leave a gap where a transaction is undone."""


class MemoryOutbox:
    """Keeps messages in the order they were appended."""

    def __init__(self, session: Session, wakes: set[Topic]) -> None:
        self._session = session
        self._rows = session.table(OUTBOX)
        self._wakes = wakes

    async def append(self, messages: Iterable[Message], /) -> None:
        for message in messages:
            position = self._session.next("outbox")
            self._rows.add(position, OutboxRow(position, partition_of(message.aggregate_id), message))
            self._wakes.add(Topic.MESSAGES)


class MemoryDeliveries:
    """`Deliveries` in memory."""

    def __init__(self, session: Session, wakes: set[Topic]) -> None:
        self._session = session
        self._rows = session.table(OUTBOX)
        self._partitions = session.table(PARTITION_ROWS)
        self._log = session.table(EVENT_LOG)
        self._wakes = wakes

    async def lease(self, relay: str, term: Term, limit: int, /) -> tuple[PartitionLease, ...]:
        free: list[PartitionRow] = []
        for partition in range(PARTITIONS):
            row = self._partitions.get(partition) or PartitionRow(partition)
            held = row.lease_until is not None and term.now < row.lease_until <= term.beyond
            if not held and self._rows.has("waiting", partition):
                free.append(row)
        free.sort(key=lambda row: row.turn)
        leases: list[PartitionLease] = []
        for row in free[:limit]:
            turn = self._session.next("outbox_turns")
            taken = PartitionRow(row.partition, row.token + 1, turn, term.until)
            self._partitions[row.partition] = taken
            leases.append(PartitionLease(partition=taken.partition, token=taken.token))
        return tuple(leases)

    async def extend(self, leases: Sequence[PartitionLease], until: datetime | None, /) -> tuple[PartitionLease, ...]:
        ours: list[PartitionLease] = []
        for lease in leases:
            row = self._partitions.get(lease.partition)
            if row is not None and row.token == lease.token and row.lease_until is not None:
                self._partitions[lease.partition] = msgspec.structs.replace(row, lease_until=until)
                ours.append(lease)
        return tuple(ours)

    async def waiting(self, leases: Sequence[PartitionLease], limit: int, /) -> tuple[Waiting, ...]:
        found = [row for lease in leases for row in self._rows.by("waiting", lease.partition)[:limit]]
        found.sort(key=lambda row: row.position)
        return tuple(Waiting(position=row.position, message=row.message, partition=row.partition) for row in found)

    async def delivered(self, messages: Sequence[Waiting], at: datetime, /) -> None:
        if not messages:
            return
        last = self._log[1]
        for number, item in enumerate(messages, start=last + 1):
            row = self._rows[item.position]
            self._rows[item.position] = msgspec.structs.replace(row, settled_at=at, number=number)
        self._log[1] = last + len(messages)
        self._wakes.add(Topic.EVENTS)

    async def purge(self, before: datetime, limit: int, /) -> int:
        old = (row.position for row in self._rows.values() if row.settled_at is not None and row.settled_at < before)
        forgotten = list(islice(old, limit))
        for position in forgotten:
            del self._rows[position]
        return len(forgotten)
