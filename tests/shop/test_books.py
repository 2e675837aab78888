"""The books agree whatever is done, and each check sees what only it can see."""

import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.shop.conftest import NOW, OWNER, Stand, order

from tradepost.kernel.access import GUEST, Actor, Role
from tradepost.kernel.errors import TradepostError
from tradepost.kernel.money import Money
from tradepost.ledger.bookkeeping import Booking
from tradepost.ledger.transfer import credit, debit
from tradepost.orders import (
    CancelOrderCommand,
    CapturePaymentCommand,
    CheckBooksQuery,
    FulfillOrderCommand,
    ParcelLine,
    PaymentInput,
    RefundLine,
    RefundOrderCommand,
)
from tradepost.stock.level import LevelChange, Reason


async def wrong(stand: Stand) -> dict[str, int]:
    """The checks that failed, and for how many things."""
    checks = await stand.shop.check_books(CheckBooksQuery(actor=OWNER))
    return {check.name: check.wrong for check in checks if not check.passed}


async def test_the_books_of_an_empty_shop_agree(stand: Stand) -> None:
    checks = await stand.shop.check_books(CheckBooksQuery(actor=OWNER))
    assert len(checks) == 15
    assert all(check.passed and check.checked == 0 and check.example is None for check in checks)


async def test_the_books_agree_whatever_is_done(stand: Stand) -> None:
    await stand.sell("MUG", price=1000)
    await stand.sell("EBOOK", price=500, stock=None)
    sent = await stand.shop.place_order(order(("MUG", 3), ("EBOOK", 1)))
    parcel = (ParcelLine(line=1, quantity=2),)
    await stand.shop.fulfill_order(FulfillOrderCommand(actor=OWNER, order_id=sent.id, lines=parcel))
    back = (RefundLine(line=1, quantity=1, restock=True),)
    await stand.shop.refund_order(RefundOrderCommand(actor=OWNER, order_id=sent.id, lines=back))
    later = await stand.shop.place_order(order(("MUG", 2), token=None))
    held = await stand.shop.place_order(
        order(("MUG", 1), payment=PaymentInput(method="card", token="tok_success", capture=False))
    )
    await stand.shop.capture_payment(CapturePaymentCommand(actor=OWNER, order_id=held.id))
    await stand.shop.cancel_order(CancelOrderCommand(actor=OWNER, order_id=later.id))
    assert await wrong(stand) == {}
    for token in ("tok_declined", "tok_timeout", "tok_error_after_charge", "tok_requires_action"):
        with contextlib.suppress(TradepostError):
            await stand.shop.place_order(order(("MUG", 1), token=token))
    await stand.shop.cancel_order(CancelOrderCommand(actor=OWNER, order_id=held.id))  # its refund is under way now
    assert await wrong(stand) == {}
    stand.clock.advance(timedelta(hours=1))
    await stand.shop.recover_operations()
    await stand.shop.expire_orders()
    await stand.shop.recover_operations()
    checks = await stand.shop.check_books(CheckBooksQuery(actor=OWNER))
    assert [check.name for check in checks if not check.passed] == []
    assert {check.name: check.checked for check in checks}["orders.paid"] == 7


Spoil = Callable[[Any, Any, Any], Awaitable[None]]


async def _reserve(tx: Any, order: Any, payment: Any) -> None:
    change = LevelChange(sku="MUG", reserved=1)
    await tx.stock.apply([change], reason=Reason.CORRECTED, reference="x", actor="x", at=NOW)


async def _collect(tx: Any, order: Any, payment: Any) -> None:
    order.captured -= 1
    await tx.orders.save(order)


async def _uncover(tx: Any, order: Any, payment: Any) -> None:
    for kept in (order, payment):
        kept.authorized = kept.captured = 0
    await tx.payments.save(payment)
    await tx.orders.save(order)


async def _end(tx: Any, order: Any, payment: Any) -> None:
    order.cancel("x", by=OWNER, at=NOW)
    await tx.orders.save(order)


async def _refund(tx: Any, order: Any, payment: Any) -> None:
    payment.refunded = order.refunded = 1
    await tx.payments.save(payment)
    await tx.orders.save(order)


async def _send_nothing(tx: Any, order: Any, payment: Any) -> None:
    refund, _ = payment.request_refund("op_lost", "re_lost", 1, reason="x", by="x", at=NOW)
    await tx.refunds.add(refund)
    await tx.payments.save(payment)


async def _forget_when(tx: Any, order: Any, payment: Any) -> None:
    (operation,) = await tx.operations.of_payment(payment.id)
    operation.settled_at = None
    await tx.operations.save(operation)


async def _dispute(tx: Any, order: Any, payment: Any) -> None:
    payment.disputed = order.disputed = 1
    await tx.payments.save(payment)
    await tx.orders.save(order)


async def _post(tx: Any, order: Any, payment: Any) -> None:
    owed = Money(1, "EUR")
    postings = (debit(payment.account, owed, subject=order.id), credit("receivable:EUR", owed, subject=order.id))
    order.book(Booking.of("once more", postings, actor="x", at=NOW))
    await tx.orders.save(order)


async def _keep_tax(tx: Any, order: Any, payment: Any) -> None:
    kept = Money(1, "EUR")
    postings = (debit("tax_payable:EUR", kept, subject=order.id), credit("revenue:EUR", kept, subject=order.id))
    order.book(Booking.of("kept", postings, actor="x", at=NOW))
    await tx.orders.save(order)


@pytest.mark.parametrize(
    ("spoil", "seen"),
    [
        (_reserve, {"stock.reserved"}),
        (_collect, {"orders.paid", "ledger.receivable", "ledger.money"}),
        (_uncover, {"orders.covered", "ledger.receivable", "ledger.money"}),
        (_end, {"orders.settled", "stock.reserved"}),
        (_refund, {"payments.refunded", "ledger.money"}),
        (_send_nothing, {"payments.operated"}),
        (_forget_when, {"operations.settled"}),
        (_dispute, {"disputes.add_up", "ledger.money"}),
        (_post, {"ledger.receivable", "ledger.money"}),
        (_keep_tax, {"ledger.tax"}),
    ],
)
async def test_what_does_not_agree_is_seen_and_named(stand: Stand, spoil: Spoil, seen: set[str]) -> None:
    await stand.sell("MUG")
    bought = await stand.shop.place_order(order(("MUG", 1)))

    async def work(tx: Any) -> None:
        found = await tx.orders.get(bought.id)
        (payment,) = await tx.payments.of_order(bought.id)
        await spoil(tx, found, payment)

    await stand.backend.transactions.run(work)
    checks = await stand.shop.check_books(CheckBooksQuery(actor=OWNER))
    assert {check.name for check in checks if not check.passed} == seen
    assert all(check.example for check in checks if not check.passed)


@pytest.mark.parametrize("actor", [GUEST, Actor(id="user_1", role=Role.CUSTOMER, customer_id="cus_1")])
async def test_the_books_are_for_staff(stand: Stand, actor: Actor) -> None:
    with pytest.raises(TradepostError, match="auth"):
        await stand.shop.check_books(CheckBooksQuery(actor=actor))
