"""The gateway's books and everything it does: one request, one operation id, one effect.

Synchronous and complete by itself: the gateways put it on a thread or behind HTTP. What a method returns is committed.
"""

from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from tradepost.kernel.clock import Clock, SystemClock
from tradepost.kernel.errors import Invalid
from tradepost.kernel.ids import TypeIds
from tradepost.payments.gateway import (
    BalanceLine,
    GatewayAnswer,
    GatewayDispute,
    GatewayEntry,
    GatewayRequest,
    kind_of,
)
from tradepost_adapters.simulated_gateway import faults, screening
from tradepost_adapters.simulated_gateway.balance import Balance, Tariff
from tradepost_adapters.simulated_gateway.disputes import Disputes
from tradepost_adapters.simulated_gateway.faults import Fault, FaultScript
from tradepost_adapters.simulated_gateway.late import LateRequests
from tradepost_adapters.simulated_gateway.operations import MISMATCH, Delivery, Operations, Reply
from tradepost_adapters.simulated_gateway.outbox import Outbox, Waiting
from tradepost_adapters.simulated_gateway.rules import Authorization
from tradepost_adapters.simulated_gateway.store import MemoryStore, Store
from tradepost_adapters.simulated_gateway.webhooks import SignedEvent, signed

T = TypeVar("T")
ACTION_URL = "http://127.0.0.1:9100"
PAGE_SIZE = 100
_MAX_REASON = 100
_SCRIPTED_DELIVERY: dict[faults.Effect | None, Delivery] = {
    faults.Effect.TIMEOUT_AFTER: Delivery.HANGING,
    faults.Effect.ERROR_AFTER: Delivery.LOST,
    faults.Effect.TIMEOUT_BEFORE: Delivery.HANGING,
    faults.Effect.ERROR_BEFORE: Delivery.LOST,
    faults.Effect.LATE: Delivery.LOST,
}
_BEFORE = (faults.Effect.TIMEOUT_BEFORE, faults.Effect.ERROR_BEFORE)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What this gateway can do and what it costs. `events`: it writes down what happens, to tell it to the shop."""

    several_captures: bool = True
    tariff: Tariff = Tariff()
    events: bool = False


class Book:
    """The simulated gateway itself, over a store. One thread at a time.

    `action_url` is where the pages for the buyer are served, which `python -m tradepost_adapters.simulated_gateway` does.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock | None = None,
        ids: TypeIds | None = None,
        action_url: str = ACTION_URL,
        terms: Terms | None = None,
    ) -> None:
        self.terms = terms or Terms()
        self._store = store
        self._clock = clock or SystemClock()
        ids = ids or TypeIds()
        self._late = LateRequests(store, self._now)
        self._faults = FaultScript(store, self._now)
        self._outbox = Outbox(store, self._faults, ids, self._now, open_=self.terms.events)
        self._balance = Balance(store, self.terms.tariff, ids, self._now)
        self._disputes = Disputes(store, self._balance, self._outbox, ids, self._now)
        self._operations = Operations(
            store,
            self._balance,
            self._outbox,
            self._disputes,
            ids=ids,
            now=self._now,
            action_url=action_url,
            several_captures=self.terms.several_captures,
        )

    @classmethod
    def in_memory(
        cls, *, clock: Clock | None = None, action_url: str = ACTION_URL, terms: Terms | None = None
    ) -> "Book":
        """Books that end with the process."""
        return cls(MemoryStore(), clock=clock, action_url=action_url, terms=terms)

    @classmethod
    def at(
        cls, path: Path, *, clock: Clock | None = None, action_url: str = ACTION_URL, terms: Terms | None = None
    ) -> "Book":
        """Books in a SQLite file, made if it is not there. Raises `gateway.unavailable` when it can not be opened."""
        from tradepost_adapters.simulated_gateway.file_store import FileStore  # needs SQLite; books in memory do not

        return cls(FileStore(path), clock=clock, action_url=action_url, terms=terms)

    def transaction(self) -> AbstractContextManager[object]:
        """Commits several calls at once; a call made outside of it commits by itself."""
        return self._store.transaction()

    def close(self) -> None:
        self._store.close()

    def send(self, request: GatewayRequest) -> Reply:
        """Carry out the request, or answer again what came of it the first time, unless the script says otherwise."""
        refused = screening.refusal(request)
        if refused is not None:
            return Reply(refused)
        with self._store.transaction():
            happens = self._faults.next(kind_of(request))
            if happens in _BEFORE:
                return Reply(None, _SCRIPTED_DELIVERY[happens])
            held = self._late.held(request.operation_id)
            if held is not None and held != request:
                return Reply(MISMATCH)
            if held is None and happens is faults.Effect.LATE and self._store.record(request.operation_id) is None:
                self._late.hold(request)
                return Reply(None, Delivery.LOST)
            if held is not None and not self._late.ask(request.operation_id):
                return Reply(None, Delivery.LOST)
            reply = self._operations.perform(request, disputed=happens is faults.Effect.DISPUTED)
            return Reply(reply.answer, _SCRIPTED_DELIVERY[happens]) if happens in _SCRIPTED_DELIVERY else reply

    def find(self, operation_id: str) -> GatewayAnswer | None:
        """What has become of the operation; None for an unknown one."""
        with self._store.transaction():
            record = self._store.record(operation_id)
            if record is None:
                held = self._late.held(operation_id)
                if held is None or not self._late.ask(operation_id):
                    return None
                self._operations.perform(held)
                record = self._store.record(operation_id)
        return None if record is None else record.entry.answer

    def confirm(self, reference: str, *, approve: bool) -> GatewayAnswer:
        """The buyer decides about an authorization that requires it. Deciding again changes nothing.

        Returns how the authorization stands. Raises `authorization.not_found`.
        """
        with self._store.transaction():
            return self._operations.confirm(reference, approve=approve)

    def settle_refund(self, operation_id: str, *, succeeded: bool) -> GatewayAnswer:
        """A refund on its way ends, or one that had succeeded fails after all. Nothing brings back one that has failed.

        Returns how it stands. Raises `refund.not_found`.
        """
        with self._store.transaction():
            return self._operations.settle_refund(operation_id, succeeded=succeeded)

    def authorization(self, reference: str) -> Authorization:
        """How an authorization stands. Raises `authorization.not_found`, which does not repeat the reference."""
        with self._store.transaction():
            return self._operations.authorization(reference)

    def entries(self, since: datetime, cursor: str | None = None) -> tuple[tuple[GatewayEntry, ...], str | None]:
        """A page of at most 100 entries since, oldest first, and the cursor of the next. Raises `page.invalid`."""
        after = _position(cursor)
        with self._store.transaction():
            return _page(*self._store.page(since, after, PAGE_SIZE))

    def open_dispute(self, reference: str, *, amount: int | None = None, reason: str = "fraudulent") -> GatewayDispute:
        """The buyer asks their bank for `amount`, in minor units, or for all that was captured and is there.

        Raises `authorization.not_found` and `dispute.invalid`.
        """
        if len(reason) > _MAX_REASON or screening.is_card_number(reason):
            raise Invalid("dispute.invalid", f"The reason of a dispute has at most {_MAX_REASON} characters.")
        with self._store.transaction():
            return self._disputes.open(self._operations.authorization(reference), amount, reason)

    def respond(self, dispute: str) -> GatewayDispute:
        """The shop has answered the dispute with the reference: the bank reviews it. Raises `dispute.not_found`."""
        with self._store.transaction():
            return self._disputes.respond(dispute)

    def close_dispute(self, dispute: str, *, won: bool) -> GatewayDispute:
        """The bank decides; deciding again changes nothing. Raises `dispute.not_found`."""
        with self._store.transaction():
            return self._disputes.close(dispute, won=won)

    def dispute(self, reference: str) -> GatewayDispute | None:
        with self._store.transaction():
            return self._disputes.find(reference)

    def disputes(self, since: datetime, cursor: str | None = None) -> tuple[tuple[GatewayDispute, ...], str | None]:
        """A page of those opened since. Raises `page.invalid`."""
        after = _position(cursor)
        with self._store.transaction():
            return _page(*self._disputes.page(since, after))

    def balance(self, since: datetime, cursor: str | None = None) -> tuple[tuple[BalanceLine, ...], str | None]:
        """A page of what moved the shop's balance since. Raises `page.invalid`."""
        after = _position(cursor)
        with self._store.transaction():
            return _page(*self._balance.page(since, after))

    def pay_out(self) -> tuple[BalanceLine, ...]:
        """Send the balance to the shop's bank: a line for each currency in which there is something."""
        with self._store.transaction():
            lines = self._balance.pay_out()
            if lines:
                self._outbox.add("payout.paid")
            return lines

    def fail_payout(self, reference: str) -> BalanceLine:
        """The bank sends a payout back. Raises `payout.invalid`."""
        with self._store.transaction():
            line = self._balance.fail_payout(reference)
            self._outbox.add("payout.failed")
            return line

    def script(self, *happens: Fault | str) -> None:
        """From now on these faults happen, on top of those scripted before: `Fault`s, or as in a URL,
        `"capture:error_after,refund.2:late,event.3:duplicated"`. Raises `faults.invalid`."""
        try:
            parsed = [one for each in happens for one in (faults.parse(each) if isinstance(each, str) else (each,))]
            with self._store.transaction():
                self._faults.add(parsed)
        except ValueError as error:
            raise Invalid("faults.invalid", f"The script of faults can not be used: {error}.") from error

    def release(self) -> tuple[str, ...]:
        """Carry out at once what is to be carried out late; the ids of the operations."""
        with self._store.transaction():
            requests = self._late.release()
            for request in requests:
                self._operations.perform(request)
        return tuple(request.operation_id for request in requests)

    def deliveries(self, secret: str, *, everything: bool = False, at: datetime | None = None) -> list[SignedEvent]:
        """The events to tell, in the order and as often as the script says, signed at `at` (now). They are delivered
        with that. Those that wait (delayed, or for one to follow) come once they are due, or with `everything`."""
        with self._store.transaction():
            told = self._outbox.waiting() if everything else self._outbox.due()
            moment = at or self._clock.now()
            events = []
            for waiting in told:
                for _ in range(waiting.copies):
                    events.append(signed(waiting.event, secret, moment))
                    self._outbox.delivered(waiting.event.id)
        return events

    def due_events(self) -> list[Waiting]:
        """What a sender has to deliver now, in order; it says for each what came of it with `event_sent`."""
        with self._store.transaction():
            return self._outbox.due()

    def event_sent(self, event_id: str, *, arrived: bool) -> None:
        """A copy of the event was delivered, or could not be: then it comes again later."""
        with self._store.transaction():
            (self._outbox.delivered if arrived else self._outbox.failed)(event_id)

    def _now(self) -> datetime:
        """The time, which never goes back in the books: pages are read on from it."""
        now, latest = self._clock.now(), self._store.latest()
        return now if latest is None else max(now, latest)


def _position(cursor: str | None) -> int | None:
    if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise Invalid("page.invalid", "The cursor is not one this list gave out; start again without it.")
    return None if cursor is None else int(cursor)


def _page(rows: list[T], last: int | None) -> tuple[tuple[T, ...], str | None]:
    return tuple(rows), None if last is None else str(last)
