"""Refunds in parts: by line, by amount, as store credit, on their way, and come back, on every backend."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from tests.shop.conftest import OWNER, Stand, order
from tests.shop.paid import agreed, capture, euros, pay, posted, refund, refused, seen, story, taxed
from tests.shop.test_store_credit import buyer, left

from tradepost.kernel.access import GUEST, Actor, Role
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost.orders import (
    CancelOrderCommand,
    FulfillOrderCommand,
    OrderStatus,
    PaymentInput,
    PaymentStatus,
    RefundLine,
    RefundView,
)
from tradepost.payments.payment import Method

ALL_OF_IT = PaymentInput(method=Method.STORE_CREDIT)


@pytest.fixture(autouse=True)
async def _the_books_agree(stand: Stand) -> AsyncIterator[None]:
    yield
    await agreed(stand)


def lines(*wanted: tuple[int, int], restock: bool = False) -> tuple[RefundLine, ...]:
    return tuple(RefundLine(line=line, quantity=quantity, restock=restock) for line, quantity in wanted)


async def asked_after(stand: Stand, order_id: str) -> None:
    """As an event of the gateway would have it: what became of the order's refunds?"""
    for payment in (await story(stand, order_id)).payments:
        for view in payment.operations:
            if view.kind == "refund":

                async def find(tx: Any, id_: str = view.id) -> Any:
                    return await tx.operations.get(id_)

                operation = await stand.backend.transactions.run(find)
                await stand.shop._runner.ask(operation, payment.gateway)


# -- by line


async def test_lines_go_back_with_their_own_tax_and_on_the_shelf_if_they_are_back(stand: Stand) -> None:
    await taxed(stand)
    view = await stand.shop.place_order(order(("MUG", 3), ("BOOK", 2)))
    await stand.shop.fulfill_order(FulfillOrderCommand(actor=OWNER, order_id=view.id))
    kept = await refund(stand, view.id, lines=lines((1, 1), (2, 1)))
    assert (kept.amount, kept.tax, kept.store_credit) == (euros(2000), euros(100), False)
    assert await stand.level("MUG") == (97, 0)
    back = await refund(stand, view.id, lines=lines((1, 2), restock=True))
    assert (back.amount, back.tax, await stand.level("MUG")) == (euros(2200), euros(200), (99, 0))
    assert (await refused(refund(stand, view.id, lines=lines((1, 1))))).code == "order.refund_invalid"
    rest = await refund(stand, view.id)
    assert (rest.amount, rest.tax) == (euros(900), euros(0))
    assert await posted(stand, view.id) == {"returns": 4800, "revenue": -4800}


async def test_what_was_not_sent_or_is_back_already_can_not_come_back(stand: Stand) -> None:
    await stand.sell("MUG", price=1000)
    view = await stand.shop.place_order(order(("MUG", 2)))
    not_sent = await refused(refund(stand, view.id, lines=lines((1, 1), restock=True)))
    assert not_sent.code == "order.not_returnable"
    await stand.shop.fulfill_order(FulfillOrderCommand(actor=OWNER, order_id=view.id))
    await refund(stand, view.id, 1, lines=lines((1, 2), restock=True))
    again = await refused(refund(stand, view.id, 1, lines=lines((1, 1), restock=True)))
    assert (again.code, await stand.level("MUG")) == ("order.not_returnable", (100, 0))


async def test_of_an_order_that_is_paid_in_part_no_more_goes_back_than_came(stand: Stand) -> None:
    await taxed(stand)
    view = await stand.shop.place_order(order(("MUG", 2), token=None))
    await capture(stand, view.id, 700)
    over = await refused(refund(stand, view.id, lines=lines((1, 1))))
    assert (over.code, over.data) == ("payment.over_refund", {"refundable": 700})
    assert [(await refund(stand, view.id, cents)).tax for cents in (350, None)] == [euros(32), euros(32)]
    assert (await refused(refund(stand, view.id))).code == "order.nothing_to_refund"


async def test_every_fault_of_a_refund_is_named(stand: Stand) -> None:
    await stand.sell("MUG", price=1000)
    view = await stand.shop.place_order(order(("MUG", 1)))
    refusal = await refused(refund(stand, view.id, -5, lines=lines((1, 2), (7, 1), (1, 0))))
    assert [fault.pointer for fault in refusal.faults] == [
        "/lines/0/quantity", "/lines/1/line", "/lines/2/quantity", "/amount/amount",
    ]  # fmt: skip


# -- into a wallet, and of several payments


async def test_a_refund_as_store_credit_asks_no_gateway(stand: Stand) -> None:
    await taxed(stand)
    ada = await buyer(stand)
    view = await stand.shop.place_order(order(("MUG", 2), actor=ada, token="tok_refund_declined"))
    given = await refund(stand, view.id, lines=lines((1, 1)), store_credit=True)
    assert (given.status, given.amount, given.tax, given.store_credit) == ("succeeded", euros(1100), euros(100), True)
    assert (await left(stand, ada), await stand.money()) == (1100, 2200)
    assert await posted(stand, view.id) == {
        "clearing": 2200, "returns": 1000, "revenue": -2000, "tax_payable": -100, "wallet": -1100,
    }  # fmt: skip
    assert (await refused(refund(stand, view.id, 1101, store_credit=True))).code == "payment.over_refund"


async def test_one_key_gives_store_credit_once(stand: Stand) -> None:
    await stand.sell("MUG", price=1000)
    ada = await buyer(stand)
    view = await stand.shop.place_order(order(("MUG", 1), actor=ada))
    for replayed in (False, True):
        key = IdempotencyKey(scope=OWNER.id, key="k", fingerprint="f")
        given = await refund(stand, view.id, 400, store_credit=True, idempotency=key)
        assert (given.amount, key.replayed) == (euros(400), replayed)
    assert await left(stand, ada) == 400


async def test_guests_have_no_wallet(stand: Stand) -> None:
    await stand.sell("MUG", price=1000)
    view = await stand.shop.place_order(order(("MUG", 1), actor=GUEST))
    assert (await refused(refund(stand, view.id, store_credit=True))).code == "order.no_customer"


async def test_of_several_payments_the_refund_says_which(stand: Stand) -> None:
    await stand.sell("MUG", price=1000)
    ada = await buyer(stand, 400)
    payment = PaymentInput(token="tok_success", store_credit=400)
    view = await stand.shop.place_order(order(("MUG", 1), actor=ada, payment=payment))
    wallet, card = (await story(stand, view.id)).payments
    refusal = await refused(refund(stand, view.id, 100))
    assert (refusal.code, refusal.data) == ("order.several_payments", {"payments": {wallet.id: 400, card.id: 600}})
    assert (await refused(refund(stand, view.id, 401, payment_id=wallet.id))).code == "payment.over_refund"
    assert (await refund(stand, view.id, payment_id=wallet.id)).store_credit
    assert (await refused(refund(stand, view.id, payment_id=wallet.id))).code == "order.nothing_to_refund"
    assert not (await refund(stand, view.id, 100)).store_credit  # only one is left
    assert (await refund(stand, view.id, store_credit=True)).amount == euros(500)
    view = await seen(stand, view.id)
    assert (view.payment_status, await left(stand, ada), await stand.money()) == (PaymentStatus.REFUNDED, 900, 500)


async def test_an_order_that_waits_for_its_money_is_canceled_and_not_refunded(stand: Stand) -> None:
    await stand.sell("MUG", price=1000)
    ada = await buyer(stand)
    declined = await refused(stand.shop.place_order(order(("MUG", 1), actor=ada, token="tok_declined")))
    order_id = declined.data["order_id"]
    await pay(stand, order_id, ada, 400)
    assert (await refused(refund(stand, order_id))).code == "order.not_placed"
    await stand.shop.cancel_order(CancelOrderCommand(actor=ada, order_id=order_id))
    await stand.shop.recover_operations()
    assert (await seen(stand, order_id)).payment_status is PaymentStatus.REFUNDED


@pytest.mark.parametrize("store_credit", [False, True])
async def test_the_limit_of_a_role_is_for_all_they_give_back_however(stand: Stand, store_credit: bool) -> None:
    await stand.sell("MUG", price=1000)
    ada = await buyer(stand, 500)
    clerk = Actor(id="user_clerk", role=Role.SUPPORT, refund_limits={"EUR": 600})
    payment = PaymentInput(token="tok_success", store_credit=500)
    view = await stand.shop.place_order(order(("MUG", 2), actor=ada, payment=payment))
    wallet, card = (each.id for each in (await story(stand, view.id)).payments)
    await refund(stand, view.id, 300, actor=clerk, payment_id=wallet)
    await refund(stand, view.id, 200, actor=clerk, payment_id=card, store_credit=not store_credit)
    for asked in ({"cents": 101}, {"cents": None}, {"lines": lines((1, 1))}):
        refusal = await refused(
            refund(stand, view.id, actor=clerk, payment_id=card, store_credit=store_credit, **asked)  # type: ignore[arg-type]
        )
        assert refusal.code == "auth.refund_limit"
    await refund(stand, view.id, 100, actor=clerk, payment_id=card, store_credit=store_credit)


# -- on their way, and come back


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_refund_on_its_way_is_not_refundable_until_it_has_failed(stand: Stand, arrives: bool) -> None:
    await taxed(stand)
    token = "tok_refund_pending_succeeded" if arrives else "tok_refund_pending_failed"
    view = await stand.shop.place_order(order(("MUG", 2), token=token))
    key = IdempotencyKey(scope=OWNER.id, key="k", fingerprint="f")
    going = await refund(stand, view.id, lines=lines((1, 1)), idempotency=key)
    assert going.status == "pending"
    assert not (await seen(stand, view.id)).payment_pending, "it is paid; money on its way back is no payment"
    (payment,) = (await story(stand, view.id)).payments
    assert (payment.refundable, payment.refunded) == (euros(1100), euros(0))
    assert (await refused(refund(stand, view.id, 1101))).code == "payment.over_refund"
    await agreed(stand)
    again = IdempotencyKey(scope=OWNER.id, key="k", fingerprint="f")
    assert (await refund(stand, view.id, lines=lines((1, 1)), idempotency=again), again.replayed) == (going, True)
    stand.clock.advance(timedelta(hours=1, minutes=1))
    await stand.shop.recover_operations()
    (ended,) = (await story(stand, view.id)).refunds
    view = await seen(stand, view.id)
    if arrives:
        assert (ended.status, view.refunded) == ("succeeded", euros(1100))
    else:
        assert (ended.status, ended.failure_code, view.refunded) == ("failed", "refund_failed", euros(0))
        assert (await refund(stand, view.id, lines=lines((1, 2)))).status == "pending"


async def test_a_refund_that_comes_back_counts_as_never_given(stand: Stand) -> None:
    await taxed(stand)
    view = await stand.shop.place_order(order(("MUG", 2), token="tok_refund_failed_later"))
    given = await refund(stand, view.id, lines=lines((1, 1)))
    assert (given.status, (await seen(stand, view.id)).refunded) == ("succeeded", euros(1100))
    for _ in range(2):  # told twice, it has come back once
        await asked_after(stand, view.id)
        view = await seen(stand, view.id)
        assert (view.refunded, view.payment_status) == (euros(0), PaymentStatus.PAID)
        assert await posted(stand, view.id) == {"clearing": 2200, "revenue": -2000, "tax_payable": -200}
    (failed,) = (await story(stand, view.id)).refunds
    assert (failed.status, failed.failure_code) == ("failed", "refund_failed")
    assert (await refund(stand, view.id, lines=lines((1, 2)))).tax == euros(200)


async def test_a_refund_that_comes_back_after_the_order_was_canceled_is_owed_to_the_buyer(stand: Stand) -> None:
    await taxed(stand)
    ada = await buyer(stand)
    view = await stand.shop.place_order(order(("MUG", 2), actor=ada, token="tok_refund_failed_later"))
    await refund(stand, view.id, 700)
    await refund(stand, view.id, 1500, store_credit=True)
    await stand.shop.cancel_order(CancelOrderCommand(actor=OWNER, order_id=view.id))
    assert await posted(stand, view.id) == {"clearing": 1500, "returns": 2000, "revenue": -2000, "wallet": -1500}
    await asked_after(stand, view.id)
    view = await seen(stand, view.id)
    assert (view.status, view.captured, view.refunded) == (OrderStatus.CANCELED, euros(2200), euros(1500))
    assert (await posted(stand, view.id))["receivable"] == -700
    await refund(stand, view.id, store_credit=True)  # by somebody who has seen that the card takes nothing back
    assert await left(stand, ada) == 2200
    assert "receivable" not in await posted(stand, view.id)


async def test_the_story_of_an_order_tells_of_a_refund_what_its_maker_was_told(stand: Stand) -> None:
    await stand.sell("MUG", price=1000)
    ada = await buyer(stand)
    view = await stand.shop.place_order(order(("MUG", 1), actor=ada))
    told: list[RefundView] = [await refund(stand, view.id, 100), await refund(stand, view.id, 200, store_credit=True)]
    assert list((await story(stand, view.id)).refunds) == told
