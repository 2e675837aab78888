"""What a relay works with: partitions it leases, messages that wait, and what failed.

Messages are spread over a fixed number of partitions by their aggregate's id. A relay leases partitions, so all facts
of one aggregate are in one hand at a time and leave in their order.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from zlib import crc32

import msgspec

from tradepost.kernel.backoff import Backoff
from tradepost.kernel.events import Message

PARTITIONS = 32
"""Stored with every message: changing it needs the outbox to be empty."""

MAX_ERROR = 4_000
"""Characters kept of an error and its traceback."""


def partition_of(aggregate_id: str) -> int:
    """The partition an aggregate's messages are in, 0 to 31, the same in every process and release."""
    return crc32(aggregate_id.encode()) % PARTITIONS


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """From when until when a lease is wanted.

    `beyond` is later than any lease can honestly last, clocks of several hosts being a little apart. One that does was
    made before the clock was set back, and counts as over; otherwise its partition would stand still for that long.
    """

    now: datetime
    until: datetime
    beyond: datetime

    @classmethod
    def of(cls, now: datetime, length: timedelta) -> "Term":
        return cls(now=now, until=now + length, beyond=now + 2 * length)


class PartitionLease(msgspec.Struct, frozen=True, kw_only=True):
    """The right to deliver a partition's messages. `token` grows with every lease, so an earlier holder is told apart."""

    partition: int
    token: int


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A message not yet delivered, and how often that was tried in vain. `position` is its place in the outbox."""

    position: int
    message: Message
    partition: int
    failures: int = 0


class DeliveryFailure(msgspec.Struct, frozen=True, kw_only=True):
    """A message that could not be delivered. Until `retry_at` it holds back the later ones of its aggregate.

    With `retry_at` None it is dead: set aside for people to look at, and the aggregate goes on without it.
    """

    position: int
    partition: int
    message_id: str
    aggregate_id: str
    failures: int
    failed_at: datetime
    retry_at: datetime | None
    error: str

    @classmethod
    def of(
        cls,
        waiting: Waiting,
        error: str,
        *,
        at: datetime,
        backoff: Backoff,
        max_failures: int,
        random: Callable[[], float],
    ) -> "DeliveryFailure":
        failures = waiting.failures + 1
        dead = failures >= max_failures
        return cls(
            position=waiting.position,
            partition=waiting.partition,
            message_id=waiting.message.id,
            aggregate_id=waiting.message.aggregate_id,
            failures=failures,
            failed_at=at,
            retry_at=None if dead else at + backoff.pause(failures, random),
            error=error[-MAX_ERROR:],
        )
