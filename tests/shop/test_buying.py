"""One purchase and its ends, on every backend."""

from datetime import timedelta

import pytest
from tests.shop.conftest import BUYER, OWNER, STRANGER, Stand, order

from tradepost.catalog.product import ProductStatus
from tradepost.kernel.access import GUEST
from tradepost.kernel.errors import Conflict, Invalid, Kind, NotFound, TradepostError
from tradepost.kernel.idempotency import IdempotencyKey, scope_of
from tradepost.kernel.money import Money
from tradepost.kernel.pages import PageRequest
from tradepost.orders import (
    CancelOrderCommand,
    CapturePaymentCommand,
    CompleteOrderCommand,
    ConfirmPaymentCommand,
    FulfillmentStatus,
    FulfillOrderCommand,
    GetOrderQuery,
    ListOrdersQuery,
    OrderFilter,
    OrderStatus,
    OrderStoryQuery,
    OrderView,
    ParcelLine,
    PaymentInput,
    PaymentStatus,
    PayOrderCommand,
    RefundLine,
    RefundOrderCommand,
    TotalOrdersQuery,
)
from tradepost.payments.payment import RefundStatus
from tradepost.stock.level import InsufficientStock


async def test_a_card_purchase_is_placed_paid_fulfilled_completed_and_refunded(stand: Stand) -> None:
    await stand.sell("MUG", price=1250, stock=10)
    view = await stand.shop.place_order(order(("MUG", 2)))
    assert (view.status, view.payment_status, view.total) == (
        OrderStatus.PLACED,
        PaymentStatus.PAID,
        Money(2500, "EUR"),
    )
    assert await stand.level("MUG") == (10, 2)

    view = await stand.shop.fulfill_order(
        FulfillOrderCommand(actor=OWNER, order_id=view.id, lines=(ParcelLine(line=1, quantity=1),), carrier="DHL")
    )
    assert view.fulfillment_status is FulfillmentStatus.PARTIALLY_FULFILLED
    view = await stand.shop.fulfill_order(FulfillOrderCommand(actor=OWNER, order_id=view.id))
    assert view.fulfillment_status is FulfillmentStatus.FULFILLED
    assert await stand.level("MUG") == (8, 0)
    view = await stand.shop.complete_order(CompleteOrderCommand(actor=OWNER, order_id=view.id))
    assert view.status is OrderStatus.COMPLETED

    part = await stand.shop.refund_order(
        RefundOrderCommand(actor=OWNER, order_id=view.id, lines=(RefundLine(line=1, quantity=1, restock=True),))
    )
    assert (part.status, part.amount) == (RefundStatus.SUCCEEDED, Money(1250, "EUR"))
    assert await stand.level("MUG") == (9, 0)
    rest = await stand.shop.refund_order(RefundOrderCommand(actor=OWNER, order_id=view.id))
    assert rest.amount == Money(1250, "EUR")
    view = await stand.shop.get_order(GetOrderQuery(actor=BUYER, order_id=view.id))
    assert view.payment_status is PaymentStatus.REFUNDED
    with pytest.raises(Conflict, match="nothing_to_refund"):
        await stand.shop.refund_order(RefundOrderCommand(actor=OWNER, order_id=view.id))

    story = await stand.shop.get_order_story(OrderStoryQuery(actor=BUYER, order_id=view.id))
    assert [entry.action for entry in story.history] == [
        "created", "authorized", "placed", "captured", "fulfilled", "fulfilled", "completed",
        "returned", "refund_requested", "refunded", "refund_requested", "refunded",
    ]  # fmt: skip
    assert [operation.kind for operation in story.payments[0].operations] == ["authorize", "refund", "refund"]
    assert len(story.refunds) == 2


async def test_a_manual_order_is_placed_unpaid_and_paid_when_the_money_arrives(stand: Stand) -> None:
    await stand.sell("MUG", price=500)
    view = await stand.shop.place_order(order(("MUG", 1), token=None))
    assert (view.status, view.payment_status) == (OrderStatus.PLACED, PaymentStatus.UNPAID)
    view = await stand.shop.capture_payment(
        CapturePaymentCommand(actor=OWNER, order_id=view.id, amount=Money(200, "EUR"))
    )
    assert view.payment_status is PaymentStatus.PARTIALLY_PAID
    view = await stand.shop.capture_payment(CapturePaymentCommand(actor=OWNER, order_id=view.id))
    assert view.payment_status is PaymentStatus.PAID
    with pytest.raises(Conflict, match="over_capture"):
        await stand.shop.capture_payment(CapturePaymentCommand(actor=OWNER, order_id=view.id))
    refund = await stand.shop.refund_order(RefundOrderCommand(actor=OWNER, order_id=view.id))
    assert refund.status is RefundStatus.SUCCEEDED


async def test_held_money_is_captured_later(stand: Stand) -> None:
    await stand.sell("MUG")
    view = await stand.shop.place_order(order(("MUG", 1), payment=PaymentInput(token="tok_success", capture=False)))
    assert (view.status, view.payment_status) == (OrderStatus.PLACED, PaymentStatus.AUTHORIZED)
    view = await stand.shop.capture_payment(CapturePaymentCommand(actor=OWNER, order_id=view.id))
    assert view.payment_status is PaymentStatus.PAID


async def test_a_declined_order_stays_payable_with_another_token(stand: Stand) -> None:
    await stand.sell("MUG", stock=1)
    with pytest.raises(TradepostError) as declined:
        await stand.shop.place_order(order(("MUG", 1), token="tok_declined"))
    assert (declined.value.kind, declined.value.code) == (Kind.PAYMENT_DECLINED, "payment.declined")
    order_id = declined.value.data["order_id"]
    assert await stand.level("MUG") == (1, 1)
    view = await stand.shop.pay_order(PayOrderCommand(actor=BUYER, order_id=order_id, token="tok_success"))
    assert (view.status, view.payment_status) == (OrderStatus.PLACED, PaymentStatus.PAID)
    with pytest.raises(Conflict, match="not_payable"):
        await stand.shop.pay_order(PayOrderCommand(actor=BUYER, order_id=order_id, token="tok_success"))


async def test_a_declined_order_that_nobody_pays_expires_and_gives_its_stock_back(stand: Stand) -> None:
    await stand.sell("MUG", stock=1)
    with pytest.raises(TradepostError) as declined:
        await stand.shop.place_order(order(("MUG", 1), token="tok_declined"))
    assert await stand.shop.expire_orders() == 0
    stand.clock.advance(timedelta(minutes=15))
    assert await stand.shop.expire_orders() == 1
    assert await stand.level("MUG") == (1, 0)
    view = await stand.shop.get_order(GetOrderQuery(actor=BUYER, order_id=declined.value.data["order_id"]))
    assert view.status is OrderStatus.EXPIRED


async def test_an_action_is_asked_of_the_buyer_and_confirmed(stand: Stand) -> None:
    await stand.sell("MUG")
    view = await stand.shop.place_order(order(("MUG", 1), token="tok_requires_action"))
    assert view.status is OrderStatus.PENDING
    assert view.next_action is not None
    view = await stand.shop.confirm_payment(ConfirmPaymentCommand(actor=BUYER, order_id=view.id))
    assert view.next_action is not None, "nothing was confirmed yet"
    story = await stand.shop.get_order_story(OrderStoryQuery(actor=BUYER, order_id=view.id))
    assert story.payments[0].operations[0].status == "pending"
    await stand.approve(view)
    view = await stand.shop.confirm_payment(ConfirmPaymentCommand(actor=BUYER, order_id=view.id))
    assert (view.status, view.payment_status) == (OrderStatus.PLACED, PaymentStatus.PAID)
    view = await stand.shop.confirm_payment(ConfirmPaymentCommand(actor=BUYER, order_id=view.id))
    assert view.status is OrderStatus.PLACED


async def test_an_action_nobody_takes_expires_and_can_no_longer_be_taken(stand: Stand) -> None:
    await stand.sell("MUG", stock=1)
    view = await stand.shop.place_order(order(("MUG", 1), token="tok_requires_action"))
    stand.clock.advance(timedelta(minutes=20))
    assert await stand.shop.expire_orders() == 1
    assert await stand.shop.recover_operations() == 1
    assert await stand.level("MUG") == (1, 0)
    story = await stand.shop.get_order_story(OrderStoryQuery(actor=OWNER, order_id=view.id))
    assert [operation.status for operation in story.payments[0].operations] == ["failed", "succeeded"]
    assert await stand.money() == 0


async def test_an_action_taken_too_late_gives_the_money_back(stand: Stand) -> None:
    await stand.sell("MUG", stock=1)
    view = await stand.shop.place_order(order(("MUG", 1), token="tok_requires_action"))
    stand.clock.advance(timedelta(minutes=20))
    await stand.shop.expire_orders()
    await stand.approve(view)  # faster than the void
    for _ in range(4):
        await stand.shop.recover_operations()
        stand.clock.advance(timedelta(seconds=1))
    view = await stand.shop.get_order(GetOrderQuery(actor=OWNER, order_id=view.id))
    assert (view.status, view.payment_status) == (OrderStatus.EXPIRED, PaymentStatus.REFUNDED)
    assert await stand.money() == 0
    assert await stand.level("MUG") == (1, 0)


async def test_an_error_after_the_charge_is_recovered_with_one_charge(stand: Stand) -> None:
    await stand.sell("MUG", stock=1)
    view = await stand.shop.place_order(order(("MUG", 1), token="tok_error_after_charge"))
    assert (view.status, view.payment_pending) == (OrderStatus.PENDING, True)
    with pytest.raises(Conflict, match="in_flight"):
        await stand.shop.pay_order(PayOrderCommand(actor=BUYER, order_id=view.id, token="tok_success"))
    stand.clock.advance(timedelta(minutes=20))
    assert await stand.shop.expire_orders() == 0, "a payment in flight is settled first"
    assert await stand.shop.recover_operations() == 1
    view = await stand.shop.get_order(GetOrderQuery(actor=BUYER, order_id=view.id))
    assert (view.status, view.payment_status) == (OrderStatus.PLACED, PaymentStatus.PAID)
    assert await stand.money() == 1000


async def test_canceling_returns_stock_and_money(stand: Stand) -> None:
    await stand.sell("MUG", stock=3)
    view = await stand.shop.place_order(order(("MUG", 3)))
    view = await stand.shop.cancel_order(CancelOrderCommand(actor=BUYER, order_id=view.id))
    assert view.status is OrderStatus.CANCELED
    assert await stand.level("MUG") == (3, 0)
    assert await stand.shop.recover_operations() == 1
    view = await stand.shop.get_order(GetOrderQuery(actor=BUYER, order_id=view.id))
    assert view.payment_status is PaymentStatus.REFUNDED
    assert await stand.money() == 0
    again = await stand.shop.cancel_order(CancelOrderCommand(actor=BUYER, order_id=view.id))
    assert again.status is OrderStatus.CANCELED


async def test_canceling_lets_go_of_held_money(stand: Stand) -> None:
    await stand.sell("MUG", stock=3)
    view = await stand.shop.place_order(order(("MUG", 3), payment=PaymentInput(token="tok_success", capture=False)))
    await stand.shop.cancel_order(CancelOrderCommand(actor=BUYER, order_id=view.id))
    await stand.shop.recover_operations()
    view = await stand.shop.get_order(GetOrderQuery(actor=BUYER, order_id=view.id))
    assert (view.payment_status, view.authorized.amount) == (PaymentStatus.UNPAID, 0)


async def test_what_has_been_sent_can_not_be_canceled(stand: Stand) -> None:
    await stand.sell("MUG")
    view = await stand.shop.place_order(order(("MUG", 1)))
    await stand.shop.fulfill_order(FulfillOrderCommand(actor=OWNER, order_id=view.id))
    with pytest.raises(Conflict, match=r"order\.fulfilled"):
        await stand.shop.cancel_order(CancelOrderCommand(actor=OWNER, order_id=view.id))


async def test_too_little_stock_is_refused_by_name_and_nothing_is_taken(stand: Stand) -> None:
    await stand.sell("MUG", stock=5)
    await stand.sell("CUP", stock=1)
    with pytest.raises(InsufficientStock) as refused:
        await stand.shop.place_order(order(("MUG", 5), ("CUP", 2)))
    assert [(line["sku"], line["available"]) for line in refused.value.data["lines"]] == [("CUP", 1)]
    assert await stand.level("MUG") == (5, 0)


async def test_untracked_variants_sell_without_stock(stand: Stand) -> None:
    await stand.sell("EBOOK", stock=None)
    view = await stand.shop.place_order(order(("EBOOK", 1000)))
    assert view.status is OrderStatus.PLACED
    await stand.shop.fulfill_order(FulfillOrderCommand(actor=OWNER, order_id=view.id))


async def test_every_fault_of_an_order_is_named_at_once(stand: Stand) -> None:
    with pytest.raises(Invalid) as refused:
        await stand.shop.place_order(order(("MUG", 0), ("CUP", -1), token="4242 4242 4242 4242"))
    assert [fault.pointer for fault in refused.value.faults] == [
        "/lines/0/quantity",
        "/lines/1/quantity",
        "/payment/token",
    ]
    await stand.sell("USD", currency="USD")
    await stand.sell("DRAFT", status=ProductStatus.DRAFT)
    with pytest.raises(Invalid) as refused:
        await stand.shop.place_order(order(("NONE", 1), ("USD", 1), ("DRAFT", 1)))
    assert [fault.code for fault in refused.value.faults] == ["not_for_sale", "no_price", "not_for_sale"]


@pytest.mark.parametrize("token", ["tok_success", "tok_declined", None])
async def test_the_same_key_twice_is_one_order_with_one_answer(stand: Stand, token: str | None) -> None:
    await stand.sell("MUG", stock=10)

    async def send() -> tuple[str, bool]:
        key = IdempotencyKey(scope="buyer", key="k1", fingerprint="f")
        try:
            view = await stand.shop.place_order(order(("MUG", 1), token=token, idempotency=key))
        except TradepostError as error:
            return str(error.data["order_id"]), error.replayed
        return f"{view.id} {view.token}", key.replayed

    first, second = await send(), await send()
    assert first[0] == second[0]
    assert (first[1], second[1]) == (False, True)
    assert (await stand.level("MUG"))[1] == 1


async def test_a_guest_without_a_token_is_known_by_a_key_that_nobody_guesses(stand: Stand) -> None:
    await stand.sell("MUG", stock=10)

    async def send(text: str) -> tuple[OrderView, bool]:
        key = IdempotencyKey(scope=scope_of(GUEST), key=text, fingerprint="f")
        view = await stand.shop.place_order(order(("MUG", 1), actor=GUEST, idempotency=key))
        return view, key.replayed

    for guessable in ("1", "two-mugs", "k" * 15):
        with pytest.raises(Invalid, match="key_too_short"):
            await send(guessable)
    assert (await stand.level("MUG"))[1] == 0
    mine, _ = await send("8e03978e-40d5-43e8-bc93-6894a57f9324")
    theirs, _ = await send("dbd911d2-0500-444c-a4c3-ee87a94eb55e")
    again, replayed = await send("8e03978e-40d5-43e8-bc93-6894a57f9324")
    assert mine.id != theirs.id
    assert (again.id, again.token, replayed) == (mine.id, mine.token, True)


async def test_a_refusal_is_replayed_even_when_stock_has_come_since(stand: Stand) -> None:
    await stand.sell("MUG", stock=0)
    for replayed in (False, True):
        with pytest.raises(InsufficientStock if not replayed else TradepostError) as refused:
            await stand.shop.place_order(
                order(("MUG", 1), idempotency=IdempotencyKey(scope="b", key="k", fingerprint="f"))
            )
        assert (refused.value.code, refused.value.replayed) == ("stock.insufficient", replayed)


async def test_a_recovered_order_answers_its_key(stand: Stand) -> None:
    await stand.sell("MUG")
    command = order(
        ("MUG", 1), token="tok_error_after_charge", idempotency=IdempotencyKey(scope="b", key="k", fingerprint="f")
    )
    first = await stand.shop.place_order(command)
    stand.clock.advance(timedelta(minutes=2))
    await stand.shop.recover_operations()
    key = IdempotencyKey(scope="b", key="k", fingerprint="f")
    second = await stand.shop.place_order(order(("MUG", 1), token="tok_error_after_charge", idempotency=key))
    assert key.replayed
    assert (second.id, second.status, second.token) == (first.id, OrderStatus.PLACED, first.token)


async def test_orders_are_seen_by_their_buyer_staff_and_token_holders_alone(stand: Stand) -> None:
    await stand.sell("MUG")
    view = await stand.shop.place_order(order(("MUG", 1)))
    guest = await stand.shop.place_order(order(("MUG", 1), actor=GUEST))
    for allowed in (
        GetOrderQuery(actor=BUYER, order_id=view.id),
        GetOrderQuery(actor=OWNER, order_id=view.id),
        GetOrderQuery(actor=GUEST, order_id=guest.id, order_token=guest.token),
    ):
        await stand.shop.get_order(allowed)
    for refused in (
        GetOrderQuery(actor=STRANGER, order_id=view.id),
        GetOrderQuery(actor=GUEST, order_id=guest.id),
        GetOrderQuery(actor=GUEST, order_id=view.id, order_token=guest.token),
        GetOrderQuery(actor=STRANGER, order_id="order_none"),
    ):
        with pytest.raises(NotFound):
            await stand.shop.get_order(refused)


async def test_lists_are_filtered_sorted_paged_and_added_up(stand: Stand) -> None:
    await stand.sell("MUG", price=100)
    placed = []
    for quantity in (3, 1, 2):
        placed.append(await stand.shop.place_order(order(("MUG", quantity), token=None)))
        stand.clock.advance(timedelta(seconds=1))
    page = PageRequest(limit=2, sort="total")
    first = await stand.shop.list_orders(ListOrdersQuery(actor=BUYER, page=page))
    assert [each.total.amount for each in first.items] == [100, 200]
    rest = await stand.shop.list_orders(
        ListOrdersQuery(actor=BUYER, page=PageRequest(limit=2, sort="total", cursor=first.next_cursor))
    )
    assert ([each.total.amount for each in rest.items], rest.next_cursor) == ([300], None)
    numbered = await stand.shop.list_orders(ListOrdersQuery(actor=OWNER, page=PageRequest(limit=2, page=2)))
    assert ([each.id for each in numbered.items], numbered.total) == ([placed[0].id], 3)
    wanted = OrderFilter(status=OrderStatus.CANCELED)
    assert (await stand.shop.list_orders(ListOrdersQuery(actor=OWNER, wanted=wanted))).items == ()
    assert (await stand.shop.list_orders(ListOrdersQuery(actor=STRANGER))).items == ()
    totals = await stand.shop.total_orders(TotalOrdersQuery(actor=OWNER))
    assert [(total.orders, total.total) for total in totals] == [(3, Money(600, "EUR"))]
