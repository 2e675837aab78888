"""What a relay works with: partitions it leases, and messages that wait.

Messages are spread over a fixed number of partitions by their aggregate's id. A relay leases partitions, so all facts
of one aggregate are in one hand at a time and leave in their order.
"""

from datetime import datetime, timedelta
from zlib import crc32

import msgspec

from tradepost.kernel.events import Message

PARTITIONS = 32
"""Stored with every message: changing it needs the outbox to be empty."""


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
    """A message not yet delivered. `position` is its place in the outbox."""

    position: int
    message: Message
    partition: int
