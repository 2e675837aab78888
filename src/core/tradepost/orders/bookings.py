"""What the money of an order means in the ledger. Every posting is about the order, by its id.

A sale stands while the order is placed or completed. Without one, what is paid is owed to the buyer, so it comes from and
goes back to what buyers owe: `receivable`.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from tradepost.kernel.money import Money
from tradepost.ledger.bookkeeping import Booking
from tradepost.ledger.chart import DISPUTES, RECEIVABLE, RETURNS, REVENUE, SHIPPING, TAX_PAYABLE
from tradepost.ledger.transfer import Posting, credit, debit
from tradepost.orders.lines import ShippingLine
from tradepost.payments.dispute import Dispute
from tradepost.payments.payment import Payment, Refund


class Sale(Protocol):
    """What is to be known of an order."""

    id: str
    currency: str
    total: Money
    tax: Money
    shipping: ShippingLine | None
    refunded: int
    refunded_tax: int

    @property
    def sold(self) -> bool: ...


def placed(sale: Sale, *, by: str, at: datetime, recorded_at: datetime | None = None) -> Booking:
    """The buyer owes the total; before tax it is revenue, the tax is not the shop's."""
    code = sale.currency
    shipping = sale.shipping.net if sale.shipping is not None else Money(0, code)
    postings = (
        debit(RECEIVABLE.of(code), sale.total, subject=sale.id),
        credit(REVENUE.of(code), sale.total - sale.tax - shipping, subject=sale.id),
        credit(TAX_PAYABLE.of(code), sale.tax, subject=sale.id),
        credit(SHIPPING.of(code), shipping, subject=sale.id),
    )
    return Booking.of(f"placed:{sale.id}", postings, actor=by, at=at, recorded_at=recorded_at)


def canceled(sale: Sale, *, by: str, at: datetime) -> Booking:
    """What refunds have not taken back of the sale is taken back now, and the buyer owes nothing of it."""
    left, tax = sale.total.amount - sale.refunded, sale.tax.amount - sale.refunded_tax
    postings = (
        *_taken_back(sale, left, tax),
        credit(RECEIVABLE.of(sale.currency), Money(left, sale.currency), subject=sale.id),
    )
    return Booking.of(f"canceled:{sale.id}", postings, actor=by, at=at)


def captured(
    sale: Sale, payment: Payment, amount: int, *, by: str, at: datetime, recorded_at: datetime | None = None
) -> Booking:
    """After the payment has taken note of it. Of one payment every capture leaves another sum."""
    money = Money(amount, sale.currency)
    postings = (
        debit(payment.account, money, subject=sale.id),
        credit(RECEIVABLE.of(sale.currency), money, subject=sale.id),
    )
    return Booking.of(f"capture:{payment.id}:{payment.captured}", postings, actor=by, at=at, recorded_at=recorded_at)


def refunded(sale: Sale, payment: Payment, refund: Refund, *, by: str, at: datetime) -> Booking:
    """Before the order takes note of it."""
    money = refund.amount
    origin = (
        _taken_back(sale, money.amount, refund.tax)
        if sale.sold
        else [debit(RECEIVABLE.of(sale.currency), money, subject=sale.id)]
    )
    postings = (*origin, credit(refund.wallet or payment.account, money, subject=sale.id))
    return Booking.of(f"refund:{refund.id}", postings, actor=by, at=at)


def refund_came_back(sale: Sale, payment: Payment, refund: Refund, *, by: str, at: datetime) -> Booking:
    """The money is here again. Where the sale stands it counts as never refunded, else it is owed to the buyer."""
    money = refund.amount
    origin = (
        _taken_back(sale, -money.amount, -refund.tax)
        if sale.sold
        else [credit(RECEIVABLE.of(sale.currency), money, subject=sale.id)]
    )
    postings = (*origin, debit(payment.account, money, subject=sale.id))
    return Booking.of(f"refund_failed:{refund.id}", postings, actor=by, at=at)


def disputed(sale: Sale, payment: Payment, dispute: Dispute, more: int, *, by: str, at: datetime) -> Booking:
    """More of it is gone, or came back. Of one dispute every version says something else."""
    postings = (
        Posting.of_signed(DISPUTES.of(sale.currency), Money(more, sale.currency), sale.id),
        Posting.of_signed(payment.account, Money(-more, sale.currency), sale.id),
    )
    return Booking.of(f"dispute:{dispute.id}:{dispute.version + 1}", postings, actor=by, at=at)


def _taken_back(sale: Sale, amount: int, tax: int) -> Iterator[Posting]:
    code = sale.currency
    yield Posting.of_signed(RETURNS.of(code), Money(amount - tax, code), sale.id)
    yield Posting.of_signed(TAX_PAYABLE.of(code), Money(tax, code), sale.id)
