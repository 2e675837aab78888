"""The order: what was bought, on three axes (order, fulfillment, payment) that never mix into one status."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NewType

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.addresses import Contact
from tradepost.kernel.errors import Conflict, Fault, Invalid, PreconditionFailed
from tradepost.kernel.events import Aggregate
from tradepost.kernel.money import Money
from tradepost.kernel.transactions import StaleVersion
from tradepost.ledger.bookkeeping import Booking
from tradepost.orders import bookings, events
from tradepost.orders.lines import HistoryEntry, OrderLine, Parcel, ShippingLine
from tradepost.payments.dispute import Dispute
from tradepost.payments.payment import Payment, Refund
from tradepost.stock.level import LevelChange

OrderId = NewType("OrderId", str)


class OrderStatus(StrEnum):
    PENDING = "pending"  # holds stock, waits for money
    PLACED = "placed"
    COMPLETED = "completed"
    CANCELED = "canceled"
    EXPIRED = "expired"


class FulfillmentStatus(StrEnum):
    UNFULFILLED = "unfulfilled"
    PARTIALLY_FULFILLED = "partially_fulfilled"
    FULFILLED = "fulfilled"
    RETURNED = "returned"


class PaymentStatus(StrEnum):
    UNPAID = "unpaid"
    AUTHORIZED = "authorized"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"


_MOVES = {
    OrderStatus.PENDING: {OrderStatus.PLACED, OrderStatus.CANCELED, OrderStatus.EXPIRED},
    OrderStatus.PLACED: {OrderStatus.COMPLETED, OrderStatus.CANCELED},
    OrderStatus.COMPLETED: set[OrderStatus](),
    OrderStatus.CANCELED: set[OrderStatus](),
    OrderStatus.EXPIRED: set[OrderStatus](),
}
ENDED = frozenset({OrderStatus.CANCELED, OrderStatus.EXPIRED})


def derive_payment_status(
    status: OrderStatus, *, total: int, authorized: int, captured: int, refunded: int
) -> PaymentStatus:
    """The payment axis, from what the order keeps, in minor units."""
    if refunded:
        return PaymentStatus.REFUNDED if refunded >= captured else PaymentStatus.PARTIALLY_REFUNDED
    if captured:
        return PaymentStatus.PAID if captured >= total else PaymentStatus.PARTIALLY_PAID
    if not total and status is not OrderStatus.PENDING:
        return PaymentStatus.PAID
    return PaymentStatus.AUTHORIZED if authorized else PaymentStatus.UNPAID


class Order(Aggregate, kw_only=True):
    """An order. `authorized`, `captured`, `refunded` and `disputed` are minor units of `currency`, and payment status
    is derived from them; `refunded_tax` is the tax of what was refunded of a sale that stood. A pending order holds its
    stock until `expires_at`."""

    number: int
    currency: str
    status: OrderStatus
    lines: tuple[OrderLine, ...]
    shipping: ShippingLine | None
    subtotal: Money
    shipping_total: Money
    tax: Money
    total: Money
    created_at: datetime
    customer_id: str | None = None
    contact: Contact = Contact()
    fulfillment: FulfillmentStatus = FulfillmentStatus.UNFULFILLED
    parcels: tuple[Parcel, ...] = ()
    authorized: int = 0
    captured: int = 0
    refunded: int = 0
    refunded_tax: int = 0
    disputed: int = 0
    placed_at: datetime | None = None
    expires_at: datetime | None = None
    ended_at: datetime | None = None
    external_id: str | None = None
    metadata: Mapping[str, str] = {}
    _history: tuple[HistoryEntry, ...] = ()
    _bookings: tuple[Booking, ...] = ()

    # -- reading

    @property
    def payment_status(self) -> PaymentStatus:
        return derive_payment_status(
            self.status,
            total=self.total.amount,
            authorized=self.authorized,
            captured=self.captured,
            refunded=self.refunded,
        )

    @property
    def sold(self) -> bool:
        """Whether the sale stands, so that the buyer owes the total."""
        return self.status in (OrderStatus.PLACED, OrderStatus.COMPLETED)

    def held(self) -> tuple[LevelChange, ...]:
        """What the order still holds of tracked stock, as changes of `reserved`."""
        if self.status in ENDED:
            return ()
        return tuple(
            LevelChange(sku=line.sku, reserved=line.quantity - line.fulfilled)
            for line in self.lines
            if line.tracked and line.quantity > line.fulfilled
        )

    def line(self, number: int) -> OrderLine:
        for line in self.lines:
            if line.number == number:
                return line
        raise Invalid(
            "order.no_such_line", f"Order {self.number} has no line {number}.", Fault("/lines", f"no line {number}")
        )

    def at_version(self, expected: int | None) -> None:
        """Raise `precondition.failed` unless this is the version the caller had read."""
        if expected is not None and expected != self.version:
            raise PreconditionFailed(self.id, expected=expected, actual=self.version)

    # -- changing

    def note(self, action: str, *, by: str, at: datetime, **data: str | int) -> None:
        """Add a line to the history."""
        self._history += (HistoryEntry(at=at, actor=by, action=action, data=data),)

    def take_history(self) -> tuple[HistoryEntry, ...]:
        """The history not yet written; forgets it. For repositories."""
        entries, self._history = self._history, ()
        return entries

    def book(self, *drafts: Booking) -> None:
        """Note what is to be posted to the ledger with it."""
        self._bookings += drafts

    def take_bookings(self) -> tuple[Booking, ...]:
        """What is to be posted and is not yet; forgets it. For repositories."""
        drafts, self._bookings = self._bookings, ()
        return drafts

    def place(self, *, by: str, at: datetime) -> None:
        """The buyer's side is settled: pending → placed. Its reservation becomes an allocation that does not expire."""
        if not self._move(OrderStatus.PLACED):
            return
        self.placed_at = at
        self.expires_at = None
        self.note("placed", by=by, at=at)
        self.book(bookings.placed(self, by=by, at=at))
        self.record(
            events.OrderPlaced(
                occurred_at=at, order_id=self.id, number=self.number, customer_id=self.customer_id, total=self.total
            )
        )

    def cancel(self, reason: str, *, by: Actor, at: datetime) -> tuple[LevelChange, ...]:
        """End it before anything left; gives the stock changes that return what it held."""
        if self.status is OrderStatus.CANCELED:
            return ()
        if any(line.fulfilled for line in self.lines):
            raise Conflict(
                "order.fulfilled", f"Order {self.number} has been shipped in part or whole; refund it instead."
            )
        returned = self._released()
        if self.sold:
            self.book(bookings.canceled(self, by=by.id, at=at))
        self._move(OrderStatus.CANCELED)
        self.ended_at, self.expires_at = at, None
        self.note("canceled", by=by.id, at=at, reason=reason)
        self.record(events.OrderCanceled(occurred_at=at, order_id=self.id, number=self.number, reason=reason))
        return returned

    def expire(self, *, by: str, at: datetime) -> tuple[LevelChange, ...]:
        """The reservation ran out unpaid; gives the stock changes that return what it held."""
        if self.status is OrderStatus.EXPIRED:
            return ()
        if self.expires_at is None or at < self.expires_at:
            raise Conflict("order.not_expired", f"Order {self.number} is not due to expire.")
        returned = self._released()
        self._move(OrderStatus.EXPIRED)
        self.ended_at, self.expires_at = at, None
        self.note("expired", by=by, at=at)
        self.record(events.OrderExpired(occurred_at=at, order_id=self.id, number=self.number))
        return returned

    def fulfill(self, parcel: Parcel, *, by: Actor, at: datetime) -> tuple[LevelChange, ...]:
        """Send a parcel of a placed order; gives the stock changes, which lower both columns. Names every bad line."""
        if self.status is not OrderStatus.PLACED:
            raise Conflict(
                "order.not_placed", f"Order {self.number} is {self.status}; only a placed order can be fulfilled."
            )
        wanted: dict[int, int] = {}
        for number, quantity in parcel.lines:
            wanted[number] = wanted.get(number, 0) + quantity
        lines = {line.number: line for line in self.lines}
        faults = []
        for number, quantity in wanted.items():
            line = lines.get(number)
            if line is None:
                faults.append(Fault("/lines", f"order {self.number} has no line {number}"))
            elif not 0 < quantity <= line.quantity - line.fulfilled:
                left = line.quantity - line.fulfilled
                faults.append(Fault("/lines", f"line {number} has {left} left to send, not {quantity}"))
        if faults or not wanted:
            raise Invalid("order.parcel_invalid", "This parcel can not be sent: see errors.", *faults)
        self.lines = tuple(
            msgspec.structs.replace(line, fulfilled=line.fulfilled + wanted[line.number])
            if line.number in wanted
            else line
            for line in self.lines
        )
        self.parcels += (parcel,)
        done = all(line.fulfilled >= line.quantity for line in self.lines)
        self.fulfillment = FulfillmentStatus.FULFILLED if done else FulfillmentStatus.PARTIALLY_FULFILLED
        self.note("fulfilled", by=by.id, at=at, parcel=parcel.id, items=sum(wanted.values()))
        self.record(events.ParcelSent(occurred_at=at, order_id=self.id, number=self.number, parcel_id=parcel.id))
        return tuple(
            LevelChange(sku=lines[number].sku, on_hand=-quantity, reserved=-quantity)
            for number, quantity in wanted.items()
            if lines[number].tracked
        )

    def complete(self, *, by: Actor, at: datetime) -> None:
        """Everything sent, everything paid: placed → completed."""
        if self.status is OrderStatus.COMPLETED:
            return
        if self.fulfillment not in (FulfillmentStatus.FULFILLED, FulfillmentStatus.RETURNED):
            raise Conflict("order.not_fulfilled", f"Order {self.number} is {self.fulfillment}; send everything first.")
        if self.captured < self.total.amount:
            raise Conflict(
                "order.not_paid", f"Order {self.number} is {self.payment_status}; collect the payment first."
            )
        self._move(OrderStatus.COMPLETED)
        self.note("completed", by=by.id, at=at)
        self.record(events.OrderCompleted(occurred_at=at, order_id=self.id, number=self.number))

    def take_back(self, returns: Mapping[int, int], *, by: Actor, at: datetime) -> tuple[LevelChange, ...]:
        """Goods came back with a refund; gives the stock changes that put them on the shelf."""
        changes = []
        lines = []
        for line in self.lines:
            quantity = returns.get(line.number, 0)
            if quantity > line.fulfilled - line.returned or quantity < 0:
                raise Conflict(
                    "order.not_returnable",
                    f"Line {line.number} has {line.fulfilled - line.returned} sent and not returned, not {quantity}.",
                )
            if quantity:
                lines.append(msgspec.structs.replace(line, returned=line.returned + quantity))
                if line.tracked:
                    changes.append(LevelChange(sku=line.sku, on_hand=quantity))
            else:
                lines.append(line)
        self.lines = tuple(lines)
        if self.fulfillment is FulfillmentStatus.FULFILLED and all(line.returned >= line.quantity for line in lines):
            self.fulfillment = FulfillmentStatus.RETURNED
        self.note("returned", by=by.id, at=at, items=sum(returns.values()))
        return tuple(changes)

    # -- money

    def money_authorized(self, amount: int, *, by: str, at: datetime) -> None:
        """The gateway holds money for it; once that covers the total, a pending order is placed."""
        self.authorized += amount
        self.note("authorized", by=by, at=at, amount=amount)
        if self.status is OrderStatus.PENDING and self.authorized >= self.total.amount:
            self.place(by=by, at=at)

    def money_captured(self, payment: Payment, amount: int, *, by: str, at: datetime) -> None:
        """Money was collected, and the payment has taken note of it."""
        self.captured += amount
        self.note("captured", by=by, at=at, amount=amount)
        self.book(bookings.captured(self, payment, amount, by=by, at=at))
        self.record(
            events.PaymentCaptured(
                occurred_at=at, order_id=self.id, number=self.number, amount=Money(amount, self.currency)
            )
        )

    def money_refunded(self, payment: Payment, refund: Refund, *, by: str, at: datetime) -> None:
        """Money was given back; never more than was collected.

        Its payment has seen to that: where the order says otherwise, it was read before somebody saved both.
        """
        amount = refund.amount.amount
        if self.refunded + amount > self.captured:
            raise StaleVersion(self.id)
        self.book(bookings.refunded(self, payment, refund, by=by, at=at))
        self.refunded += amount
        self.refunded_tax += refund.tax if self.sold else 0
        self.note("refunded", by=by, at=at, amount=amount)
        self.record(
            events.OrderRefunded(
                occurred_at=at, order_id=self.id, number=self.number, amount=refund.amount, refund_id=refund.id
            )
        )

    def refund_came_back(self, payment: Payment, refund: Refund, *, by: str, at: datetime) -> None:
        """What was given back could not be delivered after all."""
        self.refunded -= refund.amount.amount
        self.refunded_tax -= refund.tax if self.sold else 0
        self.book(bookings.refund_came_back(self, payment, refund, by=by, at=at))

    def money_disputed(self, payment: Payment, dispute: Dispute, more: int, *, by: str, at: datetime) -> None:
        """How a dispute stands has changed, and by so much the money that is gone (below zero: it came back)."""
        self.disputed += more
        self.note("disputed", by=by, at=at, dispute=dispute.id, status=dispute.status.value, amount=more)
        self.book(bookings.disputed(self, payment, dispute, more, by=by, at=at))
        self.record(
            events.OrderDisputed(
                occurred_at=at,
                order_id=self.id,
                number=self.number,
                dispute_id=dispute.id,
                status=dispute.status,
                amount=dispute.amount,
                withdrawn=Money(dispute.withdrawn, dispute.amount.currency),
            )
        )

    def money_voided(self, amount: int, *, by: str, at: datetime) -> None:
        """The gateway let go of what it held."""
        self.authorized -= amount
        self.note("voided", by=by, at=at, amount=amount)

    def refund_failed(self, amount: int, code: str, *, by: str, at: datetime) -> None:
        """The gateway refused to give money back; it can be tried again."""
        self.note("refund_failed", by=by, at=at, amount=amount, code=code)
        self.record(
            events.RefundFailed(
                occurred_at=at, order_id=self.id, number=self.number, amount=Money(amount, self.currency), code=code
            )
        )

    def payment_failed(self, code: str, *, by: str, at: datetime) -> None:
        """A try to pay ended without money; the order stays as it is."""
        self.note("payment_failed", by=by, at=at, code=code)
        self.record(events.PaymentFailed(occurred_at=at, order_id=self.id, number=self.number, code=code))

    # -- inside

    def _released(self) -> tuple[LevelChange, ...]:
        return tuple(LevelChange(sku=change.sku, reserved=-change.reserved) for change in self.held())

    def _move(self, to: OrderStatus) -> bool:
        """Take the step, or raise. A repeat of the same fact is no step and no error."""
        if self.status is to:
            return False
        if to not in _MOVES[self.status]:
            raise Conflict(
                "order.illegal_state",
                f"Order {self.number} is {self.status} and can not become {to}.",
                {"status": self.status, "requested": to},
            )
        self.status = to
        return True
