"""What messaging needs from a database. All of it is inside a transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from tradepost.kernel.events import Message
from tradepost.messaging.delivery import DeliveryFailure, PartitionLease, Term, Waiting


class Outbox(Protocol):
    """Facts on their way out: written in the transaction of what they tell of, or not at all."""

    async def append(self, messages: Iterable[Message], /) -> None:
        """Put messages in, at the cost of no extra round trip. Signals `Topic.MESSAGES` after the commit."""
        ...


class HasOutbox(Protocol):
    @property
    def outbox(self) -> Outbox: ...


class Inbox(Protocol):
    """What each consumer has already dealt with."""

    async def record(self, consumer: str, message_id: str, at: datetime, /) -> bool:
        """Note, in the transaction of the effect, that it happened. False when it was noted before: do nothing then."""
        ...

    async def seen(self, consumer: str, message_id: str, /) -> bool: ...

    async def purge(self, before: datetime, limit: int, /) -> int:
        """Forget at most `limit` of the oldest notes made before; how many."""
        ...


class HasInbox(Protocol):
    @property
    def inbox(self) -> Inbox: ...


class Deliveries(Protocol):
    """The relay's side of the outbox."""

    async def lease(self, relay: str, term: Term, limit: int, /) -> tuple[PartitionLease, ...]:
        """At most `limit` free partitions with something to deliver, those served longest ago first.

        Never one that another relay holds, nor one that another transaction is leasing right now.
        """
        ...

    async def extend(self, leases: Sequence[PartitionLease], until: datetime | None, /) -> tuple[PartitionLease, ...]:
        """Hold leases until then, or give them back with None; those that were still ours.

        Their partitions cannot be leased by others before this transaction ends, so what it writes is fenced.
        """
        ...

    async def waiting(self, leases: Sequence[PartitionLease], term: Term, limit: int, /) -> tuple[Waiting, ...]:
        """Of each of these partitions at most `limit` undelivered messages, oldest first, in the order of the outbox.

        Leaves out aggregates held back by a failure.
        """
        ...

    async def delivered(self, messages: Sequence[Waiting], at: datetime, /) -> None: ...

    async def failed(self, failures: Sequence[DeliveryFailure], /) -> None: ...

    async def purge(self, before: datetime, limit: int, /) -> int:
        """Forget at most `limit` of the oldest messages delivered before; how many. Dead ones stay."""
        ...


class HasDeliveries(Protocol):
    @property
    def deliveries(self) -> Deliveries: ...
