"""What of an order is in the ledger: by account, debits above zero, and nothing that does not add up."""

from datetime import timedelta

import pytest
from tests.shop.conftest import BUYER, OWNER, Stand, order

from tradepost.kernel.errors import Invalid, TradepostError
from tradepost.kernel.money import Money
from tradepost.kernel.pages import PageRequest
from tradepost.ledger import ListPostingsQuery, PostingFilter, PostTransferCommand, Side, credit, debit
from tradepost.orders import (
    CancelOrderCommand,
    CapturePaymentCommand,
    FulfillOrderCommand,
    OrderStatus,
    OrderStoryQuery,
    PayOrderCommand,
    RefundLine,
    RefundOrderCommand,
)
from tradepost.pricing.set_tax_rate import SetTaxRateCommand


async def taxed(stand: Stand) -> None:
    """Mugs at 11.00, a tenth of the net of which is tax, and books without any at 9.00."""
    await stand.shop.set_tax_rate(SetTaxRateCommand(actor=OWNER, country="DE", category="standard", rate="10"))
    await stand.shop.set_tax_rate(SetTaxRateCommand(actor=OWNER, country="DE", category="none", rate="0"))
    await stand.sell("MUG", price=1100)
    await stand.sell("BOOK", price=900, tax_category="none")


async def posted(stand: Stand, order_id: str) -> dict[str, int]:
    """What is on each account about the order, without those where it is nothing in all."""
    page = await stand.shop.list_postings(
        ListPostingsQuery(actor=OWNER, wanted=PostingFilter(subject=order_id), page=PageRequest(limit=100))
    )
    sums: dict[str, int] = {}
    for posting in page.items:
        sign = 1 if posting.side is Side.DEBIT else -1
        sums[posting.account] = sums.get(posting.account, 0) + sign * posting.amount.amount
    assert sum(sums.values()) == 0
    return {account: amount for account, amount in sorted(sums.items()) if amount}


async def test_a_purchase_is_revenue_tax_and_money_at_the_gateway(stand: Stand) -> None:
    await taxed(stand)
    view = await stand.shop.place_order(order(("MUG", 2), ("BOOK", 1)))
    assert await posted(stand, view.id) == {
        "clearing:simulated.EUR": 3100,
        "revenue:EUR": -2900,
        "tax_payable:EUR": -200,
    }


async def test_what_is_paid_later_is_owed_until_it_arrives(stand: Stand) -> None:
    await taxed(stand)
    view = await stand.shop.place_order(order(("MUG", 2), token=None))
    assert await posted(stand, view.id) == {"receivable:EUR": 2200, "revenue:EUR": -2000, "tax_payable:EUR": -200}
    await stand.shop.capture_payment(CapturePaymentCommand(actor=OWNER, order_id=view.id, amount=Money(700, "EUR")))
    await stand.shop.capture_payment(CapturePaymentCommand(actor=OWNER, order_id=view.id))
    assert await posted(stand, view.id) == {
        "clearing:manual.EUR": 2200,
        "revenue:EUR": -2000,
        "tax_payable:EUR": -200,
    }


async def test_an_order_that_waits_for_its_money_has_posted_nothing(stand: Stand) -> None:
    await taxed(stand)
    with pytest.raises(TradepostError) as declined:
        await stand.shop.place_order(order(("MUG", 1), token="tok_declined"))
    order_id = declined.value.data["order_id"]
    assert await posted(stand, order_id) == {}
    view = await stand.shop.pay_order(PayOrderCommand(actor=BUYER, order_id=order_id, token="tok_success"))
    assert view.status is OrderStatus.PLACED
    assert await posted(stand, order_id) == {
        "clearing:simulated.EUR": 1100,
        "revenue:EUR": -1000,
        "tax_payable:EUR": -100,
    }


async def test_a_refund_of_lines_takes_back_their_own_tax(stand: Stand) -> None:
    await taxed(stand)
    view = await stand.shop.place_order(order(("MUG", 2), ("BOOK", 1)))
    await stand.shop.refund_order(
        RefundOrderCommand(actor=OWNER, order_id=view.id, lines=(RefundLine(line=2, quantity=1),))
    )
    assert await posted(stand, view.id) == {
        "clearing:simulated.EUR": 2200,
        "returns:EUR": 900,
        "revenue:EUR": -2900,
        "tax_payable:EUR": -200,
    }
    await stand.shop.refund_order(
        RefundOrderCommand(actor=OWNER, order_id=view.id, lines=(RefundLine(line=1, quantity=1),))
    )
    assert await posted(stand, view.id) == {
        "clearing:simulated.EUR": 1100,
        "returns:EUR": 1900,
        "revenue:EUR": -2900,
        "tax_payable:EUR": -100,
    }


async def test_refunds_of_amounts_take_back_tax_in_proportion_and_the_last_takes_the_rest(stand: Stand) -> None:
    await taxed(stand)
    view = await stand.shop.place_order(order(("MUG", 3)))
    await stand.shop.fulfill_order(FulfillOrderCommand(actor=OWNER, order_id=view.id))
    for amount in (1, 6, 3292):
        await stand.shop.refund_order(
            RefundOrderCommand(actor=OWNER, order_id=view.id, amount=Money(amount, "EUR"), reason="late")
        )
    await stand.shop.refund_order(RefundOrderCommand(actor=OWNER, order_id=view.id))
    assert await posted(stand, view.id) == {"returns:EUR": 3000, "revenue:EUR": -3000}


@pytest.mark.parametrize("token", ["tok_success", None])
async def test_a_canceled_order_has_sold_nothing_and_owes_nothing(stand: Stand, token: str | None) -> None:
    await taxed(stand)
    view = await stand.shop.place_order(order(("MUG", 2), token=token))
    await stand.shop.cancel_order(CancelOrderCommand(actor=BUYER, order_id=view.id))
    await stand.shop.recover_operations()
    assert await posted(stand, view.id) == {"returns:EUR": 2000, "revenue:EUR": -2000}


async def test_what_was_refunded_before_a_cancellation_is_taken_back_once(stand: Stand) -> None:
    await taxed(stand)
    view = await stand.shop.place_order(order(("MUG", 2)))
    await stand.shop.refund_order(RefundOrderCommand(actor=OWNER, order_id=view.id, amount=Money(333, "EUR")))
    await stand.shop.cancel_order(CancelOrderCommand(actor=BUYER, order_id=view.id))
    await stand.shop.recover_operations()
    assert await posted(stand, view.id) == {"returns:EUR": 2000, "revenue:EUR": -2000}


async def test_money_that_comes_for_an_order_that_ended_is_owed_and_goes_back(stand: Stand) -> None:
    await taxed(stand)
    view = await stand.shop.place_order(order(("MUG", 1), token="tok_requires_action"))
    await stand.approve(view)
    stand.clock.advance(timedelta(hours=1))
    await stand.shop.cancel_order(CancelOrderCommand(actor=OWNER, order_id=view.id))
    for _ in range(3):
        stand.clock.advance(timedelta(hours=1))
        await stand.shop.recover_operations()
    assert await posted(stand, view.id) == {}
    assert await stand.money() == 0


async def test_nobody_takes_by_hand_the_reference_of_what_is_yet_to_happen(stand: Stand) -> None:
    await taxed(stand)
    view = await stand.shop.place_order(order(("MUG", 1), token=None))
    (payment,) = (await stand.shop.get_order_story(OrderStoryQuery(actor=OWNER, order_id=view.id))).payments
    due = Money(1100, "EUR")
    with pytest.raises(Invalid) as refused:
        await stand.shop.post_transfer(
            PostTransferCommand(
                actor=OWNER,
                reference=f"capture:{payment.id}:1100",
                postings=(debit("revenue:EUR", due), credit("receivable:EUR", due)),
            )
        )
    assert [fault.pointer for fault in refused.value.faults] == ["/reference"]
    captured = await stand.shop.capture_payment(CapturePaymentCommand(actor=OWNER, order_id=view.id))
    assert captured.captured == due
