"""What goes wrong, and when: a script of faults, each for the n-th request of its kind, or for the n-th event told."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from tradepost_adapters.simulated_gateway.store import Shelf, Store


class FaultKind(StrEnum):
    """What a fault happens to."""

    AUTHORIZE = "authorize"  # and sales
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    EVENT = "event"


class Effect(StrEnum):
    """What happens: the first six to a request, the others to an event."""

    TIMEOUT_AFTER = "timeout_after"  # carried out, the answer comes later than anybody waits
    ERROR_AFTER = "error_after"  # carried out, the answer is lost: an error of the server
    TIMEOUT_BEFORE = "timeout_before"  # nothing is carried out, no answer in time
    ERROR_BEFORE = "error_before"  # nothing is carried out, an error of the server
    LATE = "late"  # no answer, and nothing is known of it until later; then it has been carried out
    DISPUTED = "disputed"  # what it captures is disputed as soon as it is
    DUPLICATED = "duplicated"
    REORDERED = "reordered"  # told after the one that follows it
    DROPPED = "dropped"
    DELAYED = "delayed"


OF_EVENTS = frozenset({Effect.DUPLICATED, Effect.REORDERED, Effect.DROPPED, Effect.DELAYED})


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """`effect` for the `number`-th of `kind` from the moment it is scripted. A request sent again counts again."""

    kind: FaultKind
    effect: Effect
    number: int = 1

    def __post_init__(self) -> None:
        if (self.effect in OF_EVENTS) != (self.kind is FaultKind.EVENT):
            raise ValueError(f"{self.effect} is nothing that happens to the kind {self.kind}")
        if self.effect is Effect.DISPUTED and self.kind not in (FaultKind.AUTHORIZE, FaultKind.CAPTURE):
            raise ValueError(f"a {self.kind} captures nothing that could be disputed")
        if not 1 <= self.number <= 1_000_000:
            raise ValueError("the number of a fault is from 1 to 1000000")


_WRITTEN = re.compile(r"([a-z]+)(?:\.([0-9]{1,7}))?:([a-z_]+)")
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
_FAULTS = Shelf("faults", Fault)
_MANY = 10_000


def parse(text: str) -> tuple[Fault, ...]:
    """Of `capture:error_after,refund.2:late,event.3:duplicated`: the next capture, the second refund, the third event.

    Raises ValueError with what was expected.
    """
    faults = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        found = _WRITTEN.fullmatch(part)
        if found is None:
            raise ValueError("expected faults such as capture:error_after,refund.2:late,event.3:duplicated")
        faults.append(Fault(kind=FaultKind(found[1]), number=int(found[2] or 1), effect=Effect(found[3])))
    return tuple(faults)


class FaultScript:
    """The faults to come, kept in the books: a gateway that was killed goes on with them."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def add(self, faults: Iterable[Fault]) -> None:
        """Raises ValueError for two that would happen to the same."""
        there, _ = self._store.shelf(_FAULTS, _ALWAYS, None, _MANY)
        taken = {_key(fault) for fault in there}
        faults = tuple(faults)
        for fault in faults:
            if _key(fault) in taken:
                raise ValueError(f"the script has a fault for {fault.kind}.{fault.number} already")
            taken.add(_key(fault))
        for fault in faults:
            self._store.put(_FAULTS, _key(fault), fault, self._now())

    def next(self, kind: str) -> Effect | None:
        """Count one of that kind, and what happens to it."""
        if self._store.is_empty(_FAULTS):
            return None
        faults, _ = self._store.shelf(_FAULTS, _ALWAYS, None, _MANY)
        ours = sorted((fault for fault in faults if fault.kind == kind), key=lambda fault: fault.number)
        happens: Effect | None = None
        for fault in ours:  # by number, so that the place below is free already
            self._store.drop(_FAULTS, _key(fault))
            if fault.number == 1:
                happens = fault.effect
            else:
                left = msgspec.structs.replace(fault, number=fault.number - 1)
                self._store.put(_FAULTS, _key(left), left, self._now())
        return happens


def _key(fault: Fault) -> str:
    return f"{fault.kind}.{fault.number}"
