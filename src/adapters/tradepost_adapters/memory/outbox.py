"""Facts on their way out, in memory: the outbox and the relay's side of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice

import msgspec

from tradepost.kernel.events import Message
from tradepost.kernel.wakeups import Topic
from tradepost.messaging.delivery import (
    PARTITIONS,
    DeliveryFailure,
    PartitionLease,
    Term,
    Waiting,
    partition_of,
)
from tradepost_adapters.memory.database import Index, Session, TableOf


class OutboxRow(msgspec.Struct, frozen=True, gc=False):
    """A message in its place, and when it was delivered or given up."""

    position: int
    partition: int
    message: Message
    settled_at: datetime | None = None


class PartitionRow(msgspec.Struct, frozen=True):
    """Who serves a partition. `turn` grows with every lease given, so the smallest was served longest ago."""

    partition: int
    token: int = 0
    turn: int = 0
    lease_until: datetime | None = None


def _waiting_in(row: OutboxRow) -> int | None:
    return row.partition if row.settled_at is None else None


def _holding(failure: DeliveryFailure) -> str | None:
    return None if failure.retry_at is None else failure.aggregate_id


OUTBOX = TableOf[int, OutboxRow]("outbox", waiting=Index(_waiting_in))
PARTITION_ROWS = TableOf[int, PartitionRow]("outbox_partitions")
FAILURES = TableOf[int, DeliveryFailure]("outbox_failures", holding=Index(_holding))


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

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rows = session.table(OUTBOX)
        self._partitions = session.table(PARTITION_ROWS)
        self._failures = session.table(FAILURES)

    async def lease(self, relay: str, term: Term, limit: int, /) -> tuple[PartitionLease, ...]:
        free: list[PartitionRow] = []
        for partition in range(PARTITIONS):
            row = self._partitions.get(partition) or PartitionRow(partition)
            held = row.lease_until is not None and term.now < row.lease_until <= term.beyond
            if not held and self._waiting_in(partition, term, 1):
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

    async def waiting(self, leases: Sequence[PartitionLease], term: Term, limit: int, /) -> tuple[Waiting, ...]:
        found = [row for lease in leases for row in self._waiting_in(lease.partition, term, limit)]
        found.sort(key=lambda row: row.position)
        return tuple(
            Waiting(
                position=row.position,
                message=row.message,
                partition=row.partition,
                failures=failure.failures if (failure := self._failures.get(row.position)) else 0,
            )
            for row in found
        )

    def _waiting_in(self, partition: int, term: Term, limit: int) -> list[OutboxRow]:
        free = (row for row in self._rows.by("waiting", partition) if not self._held_back(row, term))
        return list(islice(free, limit))

    def _held_back(self, row: OutboxRow, term: Term) -> bool:
        return any(
            failure.retry_at is not None and failure.retry_at > term.now and failure.failed_at <= term.until
            for failure in self._failures.by("holding", row.message.aggregate_id)
        )

    async def delivered(self, messages: Sequence[Waiting], at: datetime, /) -> None:
        for item in messages:
            self._settle(item.position, at)
            self._failures.pop(item.position)

    async def failed(self, failures: Sequence[DeliveryFailure], /) -> None:
        for failure in failures:
            self._failures[failure.position] = failure
            if failure.retry_at is None:
                self._settle(failure.position, failure.failed_at)

    def _settle(self, position: int, at: datetime) -> None:
        self._rows[position] = msgspec.structs.replace(self._rows[position], settled_at=at)

    async def purge(self, before: datetime, limit: int, /) -> int:
        old = (
            row.position
            for row in self._rows.values()
            if row.settled_at is not None and row.settled_at < before and row.position not in self._failures
        )
        forgotten = list(islice(old, limit))
        for position in forgotten:
            del self._rows[position]
        return len(forgotten)
