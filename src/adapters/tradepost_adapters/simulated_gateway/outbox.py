"""What the gateway has to tell the shop: events, in the order they happened unless the script of faults says otherwise.

An event lies here until it was delivered. It names operations and disputes by id and says nothing about money.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from tradepost.kernel.ids import TypeIds
from tradepost.payments.gateway import Approved, Declined, GatewayEntry, Pending
from tradepost_adapters.simulated_gateway.faults import Effect, FaultKind, FaultScript
from tradepost_adapters.simulated_gateway.store import Shelf, Store

DELAY = timedelta(seconds=5)
PATIENCE = 20
"""How often an event is sent before the gateway gives up on it."""
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
_PAGE = 1_000
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(milliseconds=200), timedelta(seconds=30)
_DONE = {
    "authorize": "payment.authorized",
    "sale": "payment.captured",
    "capture": "payment.captured",
    "void": "payment.voided",
    "refund": "refund.succeeded",
}
_REFUSED = {"authorize": "payment.declined", "sale": "payment.declined"}


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, as it is told. `operations` are ids of the shop's, `disputes` the gateway's own."""

    id: str
    type: str
    created: datetime
    operations: tuple[str, ...] = ()
    disputes: tuple[str, ...] = ()


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """An event to be told `copies` times, not before `due`."""

    event: Event
    copies: int = 1
    due: datetime | None = None
    tries: int = 0


_EVENTS = Shelf("events", Waiting)
_OVERTAKEN = Shelf("overtaken", str)
"""The ids of those that are told after the one that follows them."""


def type_of(entry: GatewayEntry) -> str:
    """What an event about the entry is called."""
    match entry.answer:
        case Approved():
            return _DONE[entry.kind]
        case Pending():
            return "refund.pending"
        case Declined(code="refund_failed"):
            return "refund.failed"
        case Declined():
            return _REFUSED.get(entry.kind, f"{entry.kind}.declined")
        case _:
            return "payment.action_required"


class Outbox:
    """The events to tell. Everything happens inside the store's transaction."""

    def __init__(
        self, store: Store, faults: FaultScript, ids: TypeIds, now: Callable[[], datetime], *, open_: bool
    ) -> None:
        self._store = store
        self._faults = faults
        self._ids = ids
        self._now = now
        self._open = open_

    def entered(self, entry: GatewayEntry) -> None:
        """An operation has come to stand as the entry says."""
        self.add(type_of(entry), operations=(entry.operation_id,))

    def add(self, type_: str, *, operations: tuple[str, ...] = (), disputes: tuple[str, ...] = ()) -> None:
        """Write down that something happened; nothing where nobody is told."""
        if not self._open:
            return
        at, happens = self._now(), self._faults.next(FaultKind.EVENT)
        if happens is Effect.DROPPED:
            return
        event = Event(id=self._ids.new("evt"), type=type_, created=at, operations=operations, disputes=disputes)
        overtaken: list[str] = []
        if not self._store.is_empty(_OVERTAKEN):
            overtaken, _ = self._store.shelf(_OVERTAKEN, _ALWAYS, None, _PAGE)
        self._put(
            Waiting(
                event=event,
                copies=2 if happens is Effect.DUPLICATED else 1,
                due=at + DELAY if happens in (Effect.DELAYED, Effect.REORDERED) else None,
            )
        )
        if happens is Effect.REORDERED:
            self._store.put(_OVERTAKEN, event.id, event.id, at)
        for event_id in overtaken:
            self._store.drop(_OVERTAKEN, event_id)
            self._put_last(event_id)

    def waiting(self) -> list[Waiting]:
        """The next events that were not delivered, in the order they are told, due or not."""
        if self._store.is_empty(_EVENTS):
            return []
        return self._store.shelf(_EVENTS, _ALWAYS, None, _PAGE)[0]

    def due(self) -> list[Waiting]:
        """Those of them whose time has come."""
        now = self._now()
        return [waiting for waiting in self.waiting() if waiting.due is None or waiting.due <= now]

    def delivered(self, event_id: str) -> None:
        """One copy has arrived."""
        waiting = self._store.take(_EVENTS, event_id)
        if waiting is None:
            return
        if waiting.copies > 1:
            self._put(msgspec.structs.replace(waiting, copies=waiting.copies - 1))
        else:
            self._store.drop(_EVENTS, event_id)

    def failed(self, event_id: str) -> None:
        """It did not arrive: later again, with longer and longer pauses, and in the end no more."""
        waiting = self._store.take(_EVENTS, event_id)
        if waiting is None:
            return
        if waiting.tries + 1 >= PATIENCE:
            self._store.drop(_EVENTS, event_id)
            return
        pause = min(_FIRST_PAUSE * 2**waiting.tries, _LONGEST_PAUSE)
        self._put(msgspec.structs.replace(waiting, tries=waiting.tries + 1, due=self._now() + pause))

    def _put_last(self, event_id: str) -> None:
        waiting = self._store.take(_EVENTS, event_id)
        if waiting is not None:  # nothing followed it for so long that it was told
            self._store.drop(_EVENTS, event_id)
            self._put(msgspec.structs.replace(waiting, due=None))

    def _put(self, waiting: Waiting) -> None:
        self._store.put(_EVENTS, waiting.event.id, waiting, self._now())
