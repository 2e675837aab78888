"""Orders paid out of a wallet and by a card, by several payments, and captured in several parts, on every backend."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.shop.conftest import OWNER, Stand, order
from tests.shop.paid import agreed, capture, euros, pay, posted, refund, refused, seen, story, taxed
from tests.shop.test_store_credit import buyer, left

from tradepost.carts import CreateCartCommand, SetCartLineCommand
from tradepost.checkout import CheckOutCartCommand
from tradepost.kernel.access import GUEST, Actor, Role
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost.kernel.money import Money
from tradepost.orders import (
    CancelOrderCommand,
    CapturePaymentCommand,
    CompleteOrderCommand,
    ConfirmPaymentCommand,
    FulfillOrderCommand,
    OrderStatus,
    OrderView,
    PaymentInput,
    PaymentStatus,
    PayOrderCommand,
    PlaceOrderCommand,
)
from tradepost.orders.pay_order import MAX_TRIES
from tradepost.payments.gateway import Capture, GatewayOutcomeUnknown
from tradepost.payments.payment import Method
from tradepost_adapters.simulated_gateway import SimulatedGateway


@pytest.fixture(autouse=True)
async def _the_books_agree(stand: Stand) -> AsyncIterator[None]:
    yield
    await agreed(stand)


def split(credit: int, token: str | None = "tok_success", *, capture: bool = True) -> PaymentInput:
    if token is None:
        return PaymentInput(method=Method.MANUAL, store_credit=credit)
    return PaymentInput(token=token, store_credit=credit, capture=capture)


def held(token: str = "tok_success") -> PaymentInput:
    return PaymentInput(token=token, capture=False)


async def declined(stand: Stand, command: PlaceOrderCommand) -> str:
    """The id of an order whose card was declined."""
    refusal = await refused(stand.shop.place_order(command))
    assert refusal.code == "payment.declined"
    return str(refusal.data["order_id"])


async def recovered(stand: Stand) -> None:
    for _ in range(3):
        await stand.shop.recover_operations()
        stand.clock.advance(timedelta(minutes=2))


async def money_of(stand: Stand, order_id: str) -> list[tuple[str, int, int, int, int]]:
    """By payment: the method, its amount, and what is captured, held and refundable of it."""
    return [
        (each.method, each.amount.amount, each.captured.amount, each.held.amount, each.refundable.amount)
        for each in (await story(stand, order_id)).payments
    ]


# -- store credit and a card


async def test_store_credit_goes_first_and_the_card_pays_the_rest(stand: Stand) -> None:
    await taxed(stand)
    ada = await buyer(stand, 700)
    view = await stand.shop.place_order(order(("MUG", 2), actor=ada, payment=split(500)))
    assert (view.status, view.payment_status, view.captured) == ("placed", PaymentStatus.PAID, euros(2200))
    assert await money_of(stand, view.id) == [("store_credit", 500, 500, 0, 500), ("card", 1700, 1700, 0, 1700)]
    assert (await left(stand, ada), await stand.money()) == (200, 1700)
    assert await posted(stand, view.id) == {"clearing": 1700, "revenue": -2000, "tax_payable": -200, "wallet": 500}


async def test_the_rest_may_be_held_or_paid_later(stand: Stand) -> None:
    await stand.sell("MUG", price=1000)
    ada = await buyer(stand, 1000)
    on_card = await stand.shop.place_order(order(("MUG", 1), actor=ada, payment=split(400, capture=False)))
    assert (on_card.status, on_card.authorized, on_card.captured) == ("placed", euros(1000), euros(400))
    assert (await capture(stand, on_card.id)).payment_status is PaymentStatus.PAID
    later = await stand.shop.place_order(order(("MUG", 1), actor=ada, payment=split(400, None)))
    assert (later.status, later.payment_status) == ("placed", PaymentStatus.PARTIALLY_PAID)
    assert (await capture(stand, later.id)).payment_status is PaymentStatus.PAID
    assert await money_of(stand, later.id) == [("store_credit", 400, 400, 0, 400), ("manual", 600, 600, 0, 600)]


async def test_after_a_decline_the_store_credit_is_taken_and_the_rest_can_be_paid(stand: Stand) -> None:
    await stand.sell("MUG", price=1000)
    ada = await buyer(stand, 400)
    order_id = await declined(stand, order(("MUG", 1), actor=ada, payment=split(400, "tok_declined")))
    view = await seen(stand, order_id)
    assert (view.status, view.payment_status, await left(stand, ada)) == ("pending", PaymentStatus.PARTIALLY_PAID, 0)
    assert (await pay(stand, order_id, ada)).status is OrderStatus.PLACED
    assert await money_of(stand, order_id) == [("store_credit", 400, 400, 0, 400), ("card", 600, 600, 0, 600)]


@pytest.mark.parametrize("expired", [False, True], ids=["canceled", "expired"])
async def test_an_order_that_ends_gives_the_store_credit_back(stand: Stand, expired: bool) -> None:
    await stand.sell("MUG", price=1000)
    ada = await buyer(stand, 400)
    order_id = await declined(stand, order(("MUG", 1), actor=ada, payment=split(400, "tok_declined")))
    if expired:
        stand.clock.advance(timedelta(hours=1))
        assert await stand.shop.expire_orders() == 1
    else:
        await stand.shop.cancel_order(CancelOrderCommand(actor=ada, order_id=order_id))
    assert (await seen(stand, order_id)).payment_status is PaymentStatus.REFUNDED
    assert (await left(stand, ada), await posted(stand, order_id)) == (400, {})
    (given,) = (await story(stand, order_id)).refunds
    assert (given.amount, given.store_credit, given.status) == (euros(400), True, "succeeded")


async def test_canceling_a_placed_order_returns_each_part_to_where_it_came_from(stand: Stand) -> None:
    await taxed(stand)
    ada = await buyer(stand, 700)
    view = await stand.shop.place_order(order(("MUG", 2), actor=ada, payment=split(500)))
    await stand.shop.cancel_order(CancelOrderCommand(actor=ada, order_id=view.id))
    await recovered(stand)
    assert (await left(stand, ada), await stand.money()) == (700, 0)
    assert await posted(stand, view.id) == {"returns": 2000, "revenue": -2000}


async def test_more_store_credit_than_the_order_comes_to_is_a_fault_and_so_is_none_of_ones_own(stand: Stand) -> None:
    await stand.sell("MUG", price=1000)
    ada = await buyer(stand, 5000)
    for actor, payment, pointer in (
        (ada, split(1001), "/payment/store_credit"),
        (ada, split(-1), "/payment/store_credit"),
        (ada, PaymentInput(method=Method.STORE_CREDIT, token="tok_success"), "/payment/token"),
        (GUEST, split(1), "/payment/store_credit"),
        (GUEST, PaymentInput(method=Method.STORE_CREDIT), "/payment/store_credit"),
        (OWNER, split(1), "/payment/store_credit"),
    ):
        refusal = await refused(stand.shop.place_order(order(("MUG", 1), actor=actor, payment=payment)))
        assert (refusal.code, [fault.pointer for fault in refusal.faults]) == ("order.invalid", [pointer])


async def test_store_credit_that_does_not_suffice_is_refused_in_the_buyers_words_and_again_under_the_key(
    stand: Stand,
) -> None:
    await stand.sell("MUG", price=1000, stock=3)
    ada = await buyer(stand, 399)
    for replayed in (False, True):
        key = IdempotencyKey(scope=ada.id, key="k", fingerprint="f")
        command = order(("MUG", 1), actor=ada, payment=split(400), idempotency=key)
        refusal = await refused(stand.shop.place_order(command))
        assert (refusal.code, refusal.data) == ("wallet.insufficient_funds", {"currency": "EUR"})
        assert "The store credit does not cover this" in refusal.detail
        assert (key.replayed, await left(stand, ada)) == (replayed, 399)
    assert (await stand.level("MUG"), await stand.money()) == ((3, 0), 0)


async def test_one_key_takes_the_store_credit_once(stand: Stand) -> None:
    await stand.sell("MUG", price=1000)
    ada = await buyer(stand, 5000)
    found = set()
    for _ in range(3):
        key = IdempotencyKey(scope=ada.id, key="k", fingerprint="f")
        payment = PaymentInput(method=Method.STORE_CREDIT)
        found.add((await stand.shop.place_order(order(("MUG", 1), actor=ada, payment=payment, idempotency=key))).id)
    assert (len(found), await left(stand, ada)) == (1, 4000)


@pytest.mark.parametrize("method", [Method.CARD, Method.STORE_CREDIT])
async def test_what_costs_nothing_takes_nothing(stand: Stand, method: Method) -> None:
    await stand.sell("FREE", price=0)
    ada = await buyer(stand)
    token = "tok_success" if method is Method.CARD else None
    payment = PaymentInput(method=method, token=token)
    assert (await stand.shop.place_order(order(("FREE", 1), actor=ada, payment=payment))).status == "placed"


async def test_staff_spend_a_customers_credit_only_if_they_may_move_it(stand: Stand) -> None:
    await stand.sell("MUG", price=1000)
    ada = await buyer(stand, 2000)

    async def check_out(actor: Actor) -> OrderView:
        cart = await stand.shop.create_cart(CreateCartCommand(actor=ada, currency="EUR"))
        await stand.shop.set_cart_line(SetCartLineCommand(actor=ada, cart_id=cart.id, sku="MUG", quantity=1))
        payment = PaymentInput(method=Method.STORE_CREDIT)
        return await stand.shop.check_out_cart(CheckOutCartCommand(actor=actor, cart_id=cart.id, payment=payment))

    assert (await refused(check_out(Actor(id="user_s", role=Role.SUPPORT)))).code == "auth.forbidden"
    assert await left(stand, ada) == 2000
    for actor in (Actor(id="user_m", role=Role.MANAGER), ada):
        assert (await check_out(actor)).payment_status is PaymentStatus.PAID
    assert await left(stand, ada) == 0


# -- several payments


async def test_an_order_is_placed_once_all_of_its_parts_are_there(stand: Stand) -> None:
    await taxed(stand)
    ada = await buyer(stand)
    order_id = await declined(stand, order(("MUG", 2), actor=ada, token="tok_declined"))
    view = await pay(stand, order_id, ada, 700)
    assert (view.status, view.payment_status) == ("pending", PaymentStatus.PARTIALLY_PAID)
    refusal = await refused(pay(stand, order_id, ada, 1501))
    assert (refusal.code, refusal.data) == ("payment.over_capture", {"owed": 1500})
    assert (await refused(pay(stand, order_id, ada, 0))).code == "payment.over_capture"
    await refused(pay(stand, order_id, ada, 500, "tok_declined"))
    assert (await pay(stand, order_id, ada, 500)).status is OrderStatus.PENDING
    assert (await pay(stand, order_id, ada)).status is OrderStatus.PLACED
    assert (await refused(pay(stand, order_id, ada, 1))).code == "order.not_payable"
    assert [part[:3] for part in await money_of(stand, order_id)] == [
        ("card", 2200, 0), ("card", 700, 700), ("card", 500, 500), ("card", 1000, 1000),
    ]  # fmt: skip
    assert await posted(stand, order_id) == {"clearing": 2200, "revenue": -2000, "tax_payable": -200}


async def test_an_amount_of_another_currency_is_refused(stand: Stand) -> None:
    await stand.sell("MUG", price=1000)
    ada = await buyer(stand)
    order_id = await declined(stand, order(("MUG", 1), actor=ada, token="tok_declined"))
    dollars = Money(5, "USD")
    paid = stand.shop.pay_order(PayOrderCommand(actor=ada, order_id=order_id, token="tok_success", amount=dollars))
    assert (await refused(paid)).code == "money.currency_mismatch"
    assert (await refused(capture(stand, order_id))).code == "order.not_placed"
    await pay(stand, order_id, ada)
    captured = stand.shop.capture_payment(CapturePaymentCommand(actor=OWNER, order_id=order_id, amount=dollars))
    assert (await refused(captured)).code == "money.currency_mismatch"


async def test_nobody_tries_cards_or_parts_of_an_order_without_end(stand: Stand) -> None:
    await stand.sell("MUG", price=1000)
    ada = await buyer(stand)
    order_id = await declined(stand, order(("MUG", 1), actor=ada, token="tok_declined"))
    for cents in range(1, MAX_TRIES):
        assert (await refused(pay(stand, order_id, ada, cents, "tok_declined"))).code == "payment.declined"
    assert (await refused(pay(stand, order_id, ada, MAX_TRIES, "tok_declined"))).code == "payment.too_many_tries"
    assert (await refused(pay(stand, order_id, ada))).code == "payment.too_many_tries"


async def test_parts_of_an_order_that_expires_go_back(stand: Stand) -> None:
    await stand.sell("MUG", price=1000)
    ada = await buyer(stand)
    order_id = await declined(stand, order(("MUG", 1), actor=ada, token="tok_declined"))
    await pay(stand, order_id, ada, 300)
    await pay(stand, order_id, ada, 200)
    stand.clock.advance(timedelta(hours=1))
    assert await stand.shop.expire_orders() == 1
    await recovered(stand)
    assert (await seen(stand, order_id)).payment_status is PaymentStatus.REFUNDED
    assert (await stand.money(), await posted(stand, order_id)) == (0, {})


async def test_what_was_to_be_held_stays_so_in_every_part(stand: Stand) -> None:
    await stand.sell("MUG", price=1000)
    ada = await buyer(stand)
    order_id = await declined(stand, order(("MUG", 1), actor=ada, payment=held("tok_declined")))
    await pay(stand, order_id, ada, 400)
    view = await pay(stand, order_id, ada)
    assert (view.status, view.captured, await stand.money()) == ("placed", euros(0), 0)
    first, second = (each.id for each in (await story(stand, order_id)).payments[1:])
    assert (await capture(stand, order_id, payment_id=second)).captured == euros(600)
    assert (await refused(capture(stand, order_id, payment_id=second))).code == "payment.over_capture"
    assert (await refused(capture(stand, order_id, payment_id="pay_none"))).code == "payment.not_authorized"
    assert (await capture(stand, order_id)).payment_status is PaymentStatus.PAID
    assert (await refused(capture(stand, order_id, payment_id=first))).code == "payment.over_capture"


async def test_the_part_that_waits_for_the_buyer_is_the_one_that_is_confirmed(stand: Stand) -> None:
    """An earlier payment is tried again, for the same amount, after a later one has been answered."""
    await stand.sell("MUG", price=1000)
    ada = await buyer(stand)
    order_id = await declined(stand, order(("MUG", 1), actor=ada, token="tok_declined"))
    await refused(pay(stand, order_id, ada, 500, "tok_declined"))
    await pay(stand, order_id, ada, 500)
    view = await pay(stand, order_id, ada, token="tok_requires_action")
    assert view.next_action is not None
    waiting = next(
        operation
        for payment in (await story(stand, order_id)).payments
        for operation in payment.operations
        if operation.settled_at is None
    )
    answer = await stand.gateway.find(waiting.id)
    await stand.gateway.confirm(answer.reference, approve=True)  # type: ignore[union-attr]
    view = await stand.shop.confirm_payment(ConfirmPaymentCommand(actor=ada, order_id=order_id))
    assert (view.status, view.captured) == ("placed", euros(1000))


# -- several captures


async def test_a_payment_is_captured_in_parts_and_the_last_lets_go_of_the_rest(stand: Stand) -> None:
    await taxed(stand)
    view = await stand.shop.place_order(order(("MUG", 2), payment=held()))
    assert (await capture(stand, view.id, 700)).captured == euros(700)
    assert (await capture(stand, view.id, 500)).captured == euros(1200)
    assert await money_of(stand, view.id) == [("card", 2200, 1200, 1000, 1200)]
    assert (await refused(capture(stand, view.id, 1001))).code == "payment.over_capture"
    view = await capture(stand, view.id, 300, final=True)
    assert (view.authorized, view.captured, view.payment_status) == (
        euros(1500),
        euros(1500),
        PaymentStatus.PARTIALLY_PAID,
    )
    assert await money_of(stand, view.id) == [("card", 2200, 1500, 0, 1500)]
    assert (await refused(capture(stand, view.id, 1))).code == "payment.over_capture"
    authorization = await stand.gateway.authorization((await story(stand, view.id)).payments[0].reference or "")
    assert (authorization.captured, await stand.money()) == (1500, 1500)


async def test_a_gateway_that_captures_once_takes_a_part_for_the_last(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SimulatedGateway, "several_captures", property(lambda self: False))
    await stand.sell("MUG", price=1000)
    view = await stand.shop.place_order(order(("MUG", 1), payment=held()))
    view = await capture(stand, view.id, 400)
    assert (view.authorized, view.captured) == (euros(400), euros(400))


async def test_a_capture_waits_for_the_one_that_is_under_way(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    await stand.sell("MUG", price=1000)
    for first in (400, None):
        view = await stand.shop.place_order(order(("MUG", 1), payment=held()))
        with monkeypatch.context() as patch:
            send = stand.gateway.send

            async def lost(request: object, send: object = send) -> object:
                if isinstance(request, Capture):
                    raise GatewayOutcomeUnknown("lost")
                return await send(request)  # type: ignore[operator]

            patch.setattr(stand.gateway, "send", lost)
            assert (await capture(stand, view.id, first)).payment_pending
        for amount in (100, None):
            refusal = await refused(capture(stand, view.id, amount))
            assert (refusal.code, refusal.data["retry_after"]) == ("payment.in_flight", 5)
        await recovered(stand)
        await agreed(stand)
        assert (await seen(stand, view.id)).captured == euros(first or 1000)


async def test_a_canceled_order_gives_back_what_was_captured_and_lets_go_of_what_is_held(stand: Stand) -> None:
    await taxed(stand)
    view = await stand.shop.place_order(order(("MUG", 2), payment=held()))
    await capture(stand, view.id, 700)
    await stand.shop.cancel_order(CancelOrderCommand(actor=OWNER, order_id=view.id))
    await recovered(stand)
    view = await seen(stand, view.id)
    assert (view.authorized, view.captured, view.refunded) == (euros(700), euros(700), euros(700))
    assert await posted(stand, view.id) == {"returns": 2000, "revenue": -2000}


async def test_a_payment_by_hand_arrives_in_parts_and_never_more_than_is_owed(stand: Stand) -> None:
    await stand.sell("MUG", price=1000)
    view = await stand.shop.place_order(order(("MUG", 1), token=None))
    await capture(stand, view.id, 400)
    refusal = await refused(capture(stand, view.id, 601))
    assert (refusal.code, refusal.data) == ("payment.over_capture", {"owed": 600})
    assert (await capture(stand, view.id)).payment_status is PaymentStatus.PAID
    await stand.shop.fulfill_order(FulfillOrderCommand(actor=OWNER, order_id=view.id))
    await stand.shop.complete_order(CompleteOrderCommand(actor=OWNER, order_id=view.id))
    assert (await refund(stand, view.id)).amount == euros(1000)
