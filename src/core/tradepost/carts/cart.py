"""The cart: what somebody is about to buy, with the prices they were last shown."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NewType

import msgspec

from tradepost.carts import events
from tradepost.kernel.addresses import Contact, address_faults
from tradepost.kernel.errors import Conflict, Fault, Invalid, PreconditionFailed
from tradepost.kernel.events import Aggregate
from tradepost.kernel.locales import locale_faults
from tradepost.kernel.money import Money

CartId = NewType("CartId", str)
MAX_LINES = 200
MAX_QUANTITY = 100_000


class CartStatus(StrEnum):
    OPEN = "open"
    ORDERED = "ordered"  # checked out; `order_id` is what became of it
    MERGED = "merged"  # its lines went into the customer's own cart


class CartLine(msgspec.Struct, frozen=True, kw_only=True):
    """So many of a SKU. `unit_price` is what the buyer was shown when they put it in or last accepted the cart."""

    sku: str
    name: str
    quantity: int
    unit_price: Money


class Cart(Aggregate, kw_only=True):
    """A cart. A guest's belongs to whoever holds its token, a customer's to the customer.

    `abandoned_at` is when others were told that it lies idle; the next change forgets it.
    """

    currency: str
    created_at: datetime
    updated_at: datetime
    abandoned_at: datetime | None = None
    customer_id: str | None = None
    status: CartStatus = CartStatus.OPEN
    lines: tuple[CartLine, ...] = ()
    contact: Contact = Contact()
    shipping_method: str | None = None
    order_id: str | None = None
    metadata: Mapping[str, str] = {}

    def at_version(self, expected: int | None) -> None:
        """Raise `precondition.failed` unless this is the version the caller had read."""
        if expected is not None and expected != self.version:
            raise PreconditionFailed(self.id, expected=expected, actual=self.version)

    def line(self, sku: str) -> CartLine | None:
        return next((line for line in self.lines if line.sku == sku), None)

    def put(self, line: CartLine, *, at: datetime) -> None:
        """Set the line of its SKU. Raises `cart.invalid`, `cart.full`, `cart.closed`."""
        self._change(at)
        if not 0 < line.quantity <= MAX_QUANTITY:
            raise Invalid(
                "cart.invalid",
                f"A line has a quantity of 1 to {MAX_QUANTITY}, not {line.quantity}.",
                Fault("/quantity", f"1 to {MAX_QUANTITY}, or 0 to take it out"),
            )
        if self.line(line.sku) is None:
            if len(self.lines) >= MAX_LINES:
                raise Conflict("cart.full", f"A cart has at most {MAX_LINES} lines; check this one out first.")
            self.lines = (*self.lines, line)
        else:
            self.lines = tuple(line if each.sku == line.sku else each for each in self.lines)

    def remove(self, sku: str, *, at: datetime) -> None:
        """Take the line of the SKU out, if there is one."""
        self._change(at)
        self.lines = tuple(each for each in self.lines if each.sku != sku)

    def describe(self, contact: Contact, shipping_method: str | None, *, at: datetime) -> None:
        """Say who buys, where it goes and how. Raises `cart.invalid` with every fault."""
        self._change(at)
        faults = [] if contact.locale is None else locale_faults(contact.locale, "/locale")
        for name in ("shipping_address", "billing_address"):
            address = getattr(contact, name)
            if address is not None:
                faults += address_faults(address, f"/{name}")
        if faults:
            raise Invalid("cart.invalid", "The cart can not be changed like this: see errors.", *faults)
        self.contact, self.shipping_method = contact, shipping_method

    def absorb(self, other: "Cart", *, at: datetime) -> None:
        """Take over the lines of another cart: quantities are added up, and this cart's own prices stay."""
        for line in other.lines:
            own = self.line(line.sku)
            quantity = min(line.quantity + (own.quantity if own else 0), MAX_QUANTITY)
            self.put(msgspec.structs.replace(own or line, quantity=quantity), at=at)
        other._change(at)
        other.status = CartStatus.MERGED

    def give_to(self, customer_id: str, *, at: datetime) -> None:
        """A guest's cart becomes the customer's own."""
        self._change(at)
        self.customer_id = customer_id

    def ordered(self, order_id: str, *, at: datetime) -> None:
        """It was checked out."""
        self._change(at)
        self.status, self.order_id = CartStatus.ORDERED, order_id
        self.record(events.CartOrdered(occurred_at=at, cart_id=self.id, order_id=order_id))

    def abandon(self, *, at: datetime) -> None:
        """Tell others that it lies idle, once until somebody changes it again. Raises `cart.closed`."""
        self._require_open()
        if self.abandoned_at is not None:
            return
        self.abandoned_at = at
        self.record(
            events.CartAbandoned(
                occurred_at=at,
                cart_id=self.id,
                customer_id=self.customer_id,
                subtotal=self.subtotal,
                idle_since=self.updated_at,
            )
        )

    @property
    def subtotal(self) -> Money:
        """What its lines come to at the prices the buyer was last shown."""
        return Money(sum(line.unit_price.amount * line.quantity for line in self.lines), self.currency)

    def _change(self, at: datetime) -> None:
        self._require_open()
        self.updated_at, self.abandoned_at = at, None

    def _require_open(self) -> None:
        if self.status is not CartStatus.OPEN:
            raise Conflict(
                "cart.closed",
                f"This cart is {self.status} and can not be changed; start a new one.",
                {"status": self.status, "order_id": self.order_id},
            )
