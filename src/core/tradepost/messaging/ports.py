"""What messaging needs from a database."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from tradepost.kernel.events import Message
from tradepost.kernel.pages import Page, PageRequest
from tradepost.messaging.delivery import PartitionLease, Term, Waiting
from tradepost.messaging.parking import Parked, ParkedFilter, ParkedView


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

    async def record(self, consumer: str, message_ids: Sequence[str], at: datetime, /) -> frozenset[str]:
        """Note, in the transaction of the effects, that they happened. Gives those not noted before: have those alone."""
        ...

    async def seen(self, consumer: str, message_ids: Sequence[str], /) -> frozenset[str]:
        """Those of these that are noted."""
        ...

    async def forget(self, consumer: str, message_ids: Sequence[str], /) -> None:
        """So that the consumer takes them again."""
        ...

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

    async def waiting(self, leases: Sequence[PartitionLease], limit: int, /) -> tuple[Waiting, ...]:
        """Of each of these partitions at most `limit` undelivered messages, oldest first, in the order of the outbox."""
        ...

    async def delivered(self, messages: Sequence[Waiting], at: datetime, /) -> None:
        """Settle them, and put them in the event log in this order. Signals `Topic.EVENTS` after the commit."""
        ...

    async def purge(self, before: datetime, limit: int, /) -> int:
        """Forget at most `limit` of the oldest messages delivered before; how many."""
        ...


class HasDeliveries(Protocol):
    @property
    def deliveries(self) -> Deliveries: ...


class Parking(Protocol):
    """Messages that wait for one consumer, inside a transaction."""

    async def park(self, parked: Sequence[Parked], /) -> None:
        """Put them in; one that is there stays as it is. Signals `Topic.PARKED` after the commit."""
        ...

    async def claim(self, consumers: Sequence[str], term: Term, limit: int, /) -> tuple[Parked, ...]:
        """Take at most `limit` that are due for these consumers, of each aggregate the first alone.

        Never one that another transaction is claiming, nor one claimed before whose term is not over.
        """
        ...

    async def taken(self, parked: Sequence[Parked], /) -> None:
        """Remove what the consumer has taken. What was claimed anew since is left alone."""
        ...

    async def failed(self, parked: Sequence[Parked], /) -> None:
        """Write down what failed again, and release it. What was claimed anew since is left alone."""
        ...

    async def redrive(self, consumer: str | None, message_ids: Sequence[str] | None, at: datetime, /) -> int:
        """Make dead letters due again, with all their attempts; how many. None: whichever it is."""
        ...


class HasParking(Protocol):
    @property
    def parking(self) -> Parking: ...


class ParkedViews(Protocol):
    """Reads what is parked, outside transactions."""

    async def holding(self, aggregate_ids: Sequence[str], /) -> frozenset[tuple[str, str]]:
        """Which consumers hold back which of these aggregates: (consumer, aggregate id). Dead letters hold back nothing."""
        ...

    async def get(self, consumer: str, message_id: str, /) -> ParkedView | None: ...

    async def page(self, which: ParkedFilter, request: PageRequest, /) -> Page[ParkedView]:
        """The latest first."""
        ...
