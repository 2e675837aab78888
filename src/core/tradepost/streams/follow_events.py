"""Follow what happens in the shop as it happens: customers their own orders, staff everything that may be told."""

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from weakref import WeakSet

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import own_or
from tradepost.kernel.errors import Fault, Invalid
from tradepost.kernel.wakeups import WakeUps
from tradepost.messaging.event_filter import filter_faults
from tradepost.messaging.log import EventLog
from tradepost.streams.errors import StreamsClosing, StreamsFull, TooManyStreams
from tradepost.streams.event_stream import EventStream
from tradepost.streams.order_owners import OrderCustomers, OrderOwners
from tradepost.streams.tail import EventTail
from tradepost.streams.view import StreamView

_NUMBER = re.compile(r"[0-9]{1,18}")


class FollowEventsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What to follow: `types` are types of events or beginnings of them (`tradepost.order.*`), none for all.

    `last_event_id` is that of the last event one has, to go on behind it; without it a stream starts at the present.
    `seconds` is how long it waits for more; None: for ever. `again` says who is asking at a later moment: it is called
    every now and then, and when it raises, or they may see other things, the stream ends.
    """

    actor: Actor
    types: tuple[str, ...] = ()
    last_event_id: str | None = None
    seconds: float | None = None
    again: Callable[[], Awaitable[Actor]] | None = None


class StreamLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How many streams a process serves and one caller may have open in it, how many events wait for one that reads
    slowly before it is cut off, how far back (in events) a customer's can begin, and how often access is checked."""

    streams: int = 1_000
    per_caller: int = 10
    room: int = 1_000
    reach: int = 100_000
    recheck: timedelta = timedelta(seconds=5)


class FollowEvents:
    """Opens a stream. A customer is shown events of their own orders alone, whatever the query says.

    Raises `unauthenticated` for a guest, `forbidden` for staff and machines without the permission,
    `events.too_many_streams`, `events.streams_full`, `events.types_invalid` and `events.last_event_id_invalid`.
    """

    access = own_or(Permission.EVENTS_READ)

    def __init__(
        self,
        log: EventLog,
        orders: OrderCustomers,
        wakeups: WakeUps,
        *,
        leaving: Sequence[str],
        limits: StreamLimits | None = None,
    ) -> None:
        self._log = log
        self._owners = OrderOwners(orders)
        self._tail = EventTail(log, self._owners, wakeups)
        self._leaving = tuple(leaving)
        self._limits = limits or StreamLimits()
        self._streams: WeakSet[EventStream] = WeakSet()  # one that a program has forgotten about does not count

    async def __call__(self, query: FollowEventsQuery) -> EventStream:
        view = self._view_of(query.actor, query.types)
        self._refuse_malformed(query)
        after = None if query.last_event_id is None else int(query.last_event_id)
        again = query.again

        async def recheck() -> StreamView:
            assert again is not None  # noqa: S101 - not called otherwise
            return self._view_of(await again(), query.types)

        stream = EventStream(
            view,
            self._log,
            self._owners,
            self._tail,
            caller=query.actor.id,
            room=self._limits.room,
            recheck=None if again is None else recheck,
            every=self._limits.recheck.total_seconds(),
            seconds=query.seconds,
        )
        self._admit(stream)
        try:
            await stream.open(after, self._limits.reach if view.customer_id is not None else None)
        except BaseException:
            stream.close()
            raise
        return stream

    @property
    def streams(self) -> tuple[EventStream, ...]:
        """Those that are open."""
        return tuple(stream for stream in self._streams if not stream.ended.is_set())

    async def close(self) -> None:
        """End all streams of this process; those who follow are told to resume elsewhere."""
        for stream in self.streams:
            stream.end(StreamsClosing())
        await self._tail.close()

    def _admit(self, stream: EventStream) -> None:
        streams = self.streams
        if sum(1 for each in streams if each.caller == stream.caller) >= self._limits.per_caller:
            raise TooManyStreams(self._limits.per_caller)
        if len(streams) >= self._limits.streams:
            raise StreamsFull
        self._streams.add(stream)

    def _view_of(self, actor: Actor, types: tuple[str, ...]) -> StreamView:
        """Staff who lack the permission are refused, and not shown what they bought themselves instead."""
        customer_id = None
        if not self.access.held_by(actor):
            customer_id = actor.customer_id
            if customer_id is None or actor.powers.permissions:
                self.access.require_held(actor)
        return StreamView(customer_id=customer_id, types=types, leaving=self._leaving)

    def _refuse_malformed(self, query: FollowEventsQuery) -> None:
        faults = filter_faults(query.types, self._leaving, "/types") if query.types else []
        if faults:
            raise Invalid("events.types_invalid", "These are no types of events one can follow: see errors.", *faults)
        if query.last_event_id is not None and not _NUMBER.fullmatch(query.last_event_id):
            detail = "Send the id of an event as it came, or none to start at the present."
            raise Invalid("events.last_event_id_invalid", detail, Fault("/last_event_id", detail))
