"""What letters about orders have to say: the names templates know. Money and times are as they are everywhere; how they
are written is the renderer's."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from tradepost.kernel.addresses import Address
from tradepost.kernel.money import Money
from tradepost.orders.lines import Parcel
from tradepost.orders.order import ENDED
from tradepost.orders.views import OrderView

ORDER_CONFIRMED = "order_confirmed"
ORDER_SHIPPED = "order_shipped"
ORDER_REFUNDED = "order_refunded"
ORDER_CANCELED = "order_canceled"

_JOINERS = "\u200c\u200d"  # not printable by Python's rule, and part of how Persian and emoji are written


class LetterLine(msgspec.Struct, frozen=True, kw_only=True):
    """So many of something; `total` with tax or without, as prices are shown in this order."""

    name: str
    sku: str
    quantity: int
    total: Money


class LetterShipping(msgspec.Struct, frozen=True, kw_only=True):
    """How it travels."""

    name: str
    total: Money


class LetterOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as letters show it.

    `paid` is what was collected or is held, `due` what is still to be paid. `address` is where it goes; None where nothing is sent, and while no money has been
    seen: it is what the buyer wrote, and ordering takes no account, so until then it may be meant for somebody else.
    """

    number: int
    placed_at: datetime
    lines: tuple[LetterLine, ...]
    subtotal: Money
    shipping: LetterShipping | None
    tax: Money
    prices_include_tax: bool
    total: Money
    paid: Money
    due: Money
    address: Address | None

    @classmethod
    def of(cls, order: OrderView) -> "LetterOrder":
        inclusive = all(line.inclusive for line in order.lines)
        paid = max(order.captured, order.authorized)
        owed = Money.zero(order.currency) if order.status in ENDED else order.total - paid
        return cls(
            number=order.number,
            placed_at=order.placed_at or order.created_at,
            lines=tuple(
                LetterLine(name=one_line(line.name), sku=one_line(line.sku), quantity=line.quantity, total=line.total)
                for line in order.lines
            ),
            subtotal=order.subtotal,
            shipping=None
            if order.shipping is None
            else LetterShipping(name=one_line(order.shipping.name), total=order.shipping.total),
            tax=order.tax,
            prices_include_tax=inclusive,
            total=order.total,
            paid=paid,
            due=max(owed, Money.zero(order.currency)),
            address=_shown(order.contact.shipping_address) if paid else None,
        )


class LetterParcel(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel, and how to follow it. `complete` when nothing of the order is left to send."""

    sent_at: datetime
    lines: tuple[LetterLine, ...]
    carrier: str | None
    tracking_number: str | None
    tracking_url: str | None
    complete: bool

    @classmethod
    def of(cls, parcel: Parcel, order: OrderView) -> "LetterParcel":
        lines = {line.number: line for line in order.lines}
        sent: dict[int, int] = {}
        for number, quantity in parcel.lines:
            sent[number] = sent.get(number, 0) + quantity
        url = parcel.tracking_url or ""
        return cls(
            sent_at=parcel.at,
            lines=tuple(
                LetterLine(
                    name=one_line(lines[number].name),
                    sku=one_line(lines[number].sku),
                    quantity=quantity,
                    total=lines[number].total,
                )
                for number, quantity in sent.items()
            ),
            carrier=_optional(parcel.carrier),
            tracking_number=_optional(parcel.tracking_number),
            tracking_url=one_line(url) if url.startswith(("https://", "http://")) else None,
            complete=all(line.fulfilled >= line.quantity for line in order.lines),
        )


class LetterRefund(msgspec.Struct, frozen=True, kw_only=True):
    """Money that went back; into the customer's store credit, or the way it was paid."""

    amount: Money
    store_credit: bool


class OrderLetter(msgspec.Struct, frozen=True, kw_only=True):
    """What every letter about an order can say. `link` is the shop's page about it."""

    shop: str
    order: LetterOrder
    link: str


class OrderShippedLetter(OrderLetter, frozen=True, kw_only=True):
    parcel: LetterParcel


class OrderRefundedLetter(OrderLetter, frozen=True, kw_only=True):
    refund: LetterRefund


LETTERS: Mapping[str, type[OrderLetter]] = {
    ORDER_CONFIRMED: OrderLetter,
    ORDER_SHIPPED: OrderShippedLetter,
    ORDER_REFUNDED: OrderRefundedLetter,
    ORDER_CANCELED: OrderLetter,
}
"""Every letter about orders, and what it is about."""


def one_line(text: str) -> str:
    """Without line breaks and the characters that turn what is around them: what somebody wrote as a name stays one."""
    return " ".join("".join(c if c.isprintable() or c in _JOINERS else " " for c in text).split())


def _optional(text: str | None) -> str | None:
    return one_line(text or "") or None


def _shown(address: Address | None) -> Address | None:
    if address is None:
        return None
    parts: dict[str, str | None] = msgspec.structs.asdict(address)
    return msgspec.structs.replace(address, **{part: one_line(text) for part, text in parts.items() if text})
