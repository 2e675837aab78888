"""The hard endings: answers that come late, in the wrong order or never, on every backend."""

from datetime import timedelta
from typing import Any

import pytest
from tests.shop.conftest import BUYER, OWNER, SECRET, Stand, order

from tradepost.kernel.errors import Conflict, Invalid, Kind, TradepostError
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost.kernel.money import Money
from tradepost.orders import (
    CancelOrderCommand,
    CapturePaymentCommand,
    ConfirmPaymentCommand,
    FulfillOrderCommand,
    GetOrderQuery,
    ListOrdersQuery,
    OrderPolicy,
    OrderStatus,
    OrderStory,
    OrderStoryQuery,
    OrderView,
    PaymentInput,
    PaymentStatus,
    PayOrderCommand,
    RefundLine,
    RefundOrderCommand,
)
from tradepost.payments.gateway import Capture, GatewayOutcomeUnknown, Refund
from tradepost.payments.payment import RefundStatus
from tradepost.pricing.set_tax_rate import SetTaxRateCommand
from tradepost.shop import Shop


class Killed(BaseException):
    """The process died here."""


async def rounds(stand: Stand, count: int = 6) -> None:
    """Let recovery and expiry come around."""
    for _ in range(count):
        await stand.shop.recover_operations()
        await stand.shop.expire_orders()
        stand.clock.advance(timedelta(minutes=6))


async def seen(stand: Stand, order_id: str) -> OrderView:
    return await stand.shop.get_order(GetOrderQuery(actor=OWNER, order_id=order_id))


async def story(stand: Stand, order_id: str) -> OrderStory:
    return await stand.shop.get_order_story(OrderStoryQuery(actor=OWNER, order_id=order_id))


def held(token: str = "tok_success") -> PaymentInput:
    return PaymentInput(token=token, capture=False)


def key(name: str = "k") -> IdempotencyKey:
    return IdempotencyKey(scope="s", key=name, fingerprint="f")


def losing(stand: Stand, monkeypatch: pytest.MonkeyPatch, *kinds: type[Any], sent: bool = True) -> None:
    """The gateway's answers to such requests get lost, whether it carries them out or not."""
    send = stand.gateway.send

    async def lossy(request: Any) -> Any:
        if not isinstance(request, kinds):
            return await send(request)
        if sent:
            await send(request)
        raise GatewayOutcomeUnknown("lost")

    monkeypatch.setattr(stand.gateway, "send", lossy)


async def test_an_action_asked_for_after_the_order_was_canceled_is_called_off(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stand.sell("MUG", stock=1)

    async def killed(request: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(stand.gateway, "send", killed)
        with pytest.raises(Killed):
            await stand.shop.place_order(order(("MUG", 1), token="tok_requires_action", idempotency=key()))
    (placed,) = (await _orders(stand)).items()
    await stand.shop.cancel_order(CancelOrderCommand(actor=BUYER, order_id=placed[0]))
    await rounds(stand)
    operations = (await story(stand, placed[0])).payments[0].operations
    assert [(each.kind, each.status) for each in operations] == [("authorize", "failed"), ("void", "succeeded")]


async def test_a_capture_refused_after_the_order_was_canceled_lets_go_of_what_is_held(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stand.sell("MUG")
    view = await stand.shop.place_order(order(("MUG", 1), payment=held("tok_capture_declined")))
    with monkeypatch.context() as patch:
        losing(stand, patch, Capture)
        await stand.shop.capture_payment(CapturePaymentCommand(actor=OWNER, order_id=view.id))
    await stand.shop.cancel_order(CancelOrderCommand(actor=OWNER, order_id=view.id))
    await rounds(stand)
    assert (await seen(stand, view.id)).authorized.amount == 0
    operations = (await story(stand, view.id)).payments[0].operations
    assert [(each.kind, each.status) for each in operations] == [
        ("authorize", "succeeded"), ("capture", "failed"), ("void", "succeeded"),
    ]  # fmt: skip


async def test_canceling_while_a_part_is_being_captured_returns_the_part_and_lets_go_of_the_rest(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stand.sell("MUG")
    view = await stand.shop.place_order(order(("MUG", 1), payment=held()))
    with monkeypatch.context() as patch:
        losing(stand, patch, Capture)
        await stand.shop.capture_payment(CapturePaymentCommand(actor=OWNER, order_id=view.id, amount=Money(400, "EUR")))
        await stand.shop.cancel_order(CancelOrderCommand(actor=OWNER, order_id=view.id))
        await stand.shop.recover_operations()  # what can be sent now is sent, and the capture still gets no answer
    await rounds(stand)
    view = await seen(stand, view.id)
    assert (view.authorized.amount, view.captured.amount, view.refunded.amount) == (400, 400, 400)
    assert await stand.money() == 0


async def test_canceling_an_order_paid_by_hand_gives_the_money_back_by_hand(stand: Stand) -> None:
    await stand.sell("MUG")
    view = await stand.shop.place_order(order(("MUG", 1), token=None))
    await stand.shop.capture_payment(CapturePaymentCommand(actor=OWNER, order_id=view.id))
    view = await stand.shop.cancel_order(CancelOrderCommand(actor=OWNER, order_id=view.id))
    assert view.payment_status is PaymentStatus.REFUNDED
    (refund,) = (await story(stand, view.id)).refunds
    assert (refund.status, refund.amount) == (RefundStatus.SUCCEEDED, Money(1000, "EUR"))


async def test_a_charge_only_the_books_tell_of_is_found_in_the_books(stand: Stand) -> None:
    await stand.sell("MUG")
    view = await stand.shop.place_order(order(("MUG", 1), token="tok_silent"))
    assert view.payment_pending
    await rounds(stand)
    view = await seen(stand, view.id)
    assert (view.status, view.payment_status) == (OrderStatus.PLACED, PaymentStatus.PAID)


@pytest.mark.parametrize("lost", ["void", "refund"])
async def test_money_on_its_way_back_that_only_the_books_tell_of_is_found_there(stand: Stand, lost: str) -> None:
    await stand.sell("MUG")
    payment = PaymentInput(token=f"tok_{lost}_silent", capture=lost == "refund")
    view = await stand.shop.place_order(order(("MUG", 1), payment=payment))
    await stand.shop.cancel_order(CancelOrderCommand(actor=BUYER, order_id=view.id))
    await rounds(stand)
    assert all(each.settled_at for each in (await story(stand, view.id)).payments[0].operations)
    assert await stand.money() == 0


async def test_refunding_a_line_one_by_one_gives_back_what_the_line_cost_and_no_more(stand: Stand) -> None:
    policy = OrderPolicy(home_country="DE", prices_include_tax=False)
    shop = Shop(stand.backend, gateway=stand.gateway, secret=SECRET, policy=policy, clock=stand.clock)
    await shop.set_tax_rate(SetTaxRateCommand(actor=OWNER, country="DE", category="standard", rate="10"))
    await stand.sell("MUG", price=333)
    view = await shop.place_order(order(("MUG", 3)))
    assert view.total.amount == 1099

    one = RefundOrderCommand(actor=OWNER, order_id=view.id, lines=(RefundLine(line=1, quantity=1),))
    assert [(await shop.refund_order(one)).amount.amount for _ in range(2)] == [367, 366]
    with pytest.raises(Invalid, match="refund_invalid") as refused:
        await shop.refund_order(
            RefundOrderCommand(actor=OWNER, order_id=view.id, lines=(RefundLine(line=1, quantity=2),))
        )
    assert refused.value.faults[0].detail == "line 1 has 1 of 3 left to refund"
    assert (await shop.refund_order(one)).amount.amount == 366
    assert (await seen(stand, view.id)).payment_status is PaymentStatus.REFUNDED


async def test_a_unit_named_twice_in_a_refund_is_restocked_twice(stand: Stand) -> None:
    await stand.sell("MUG", stock=5)
    view = await stand.shop.place_order(order(("MUG", 3)))
    await stand.shop.fulfill_order(FulfillOrderCommand(actor=OWNER, order_id=view.id))
    line = RefundLine(line=1, quantity=1, restock=True)
    await stand.shop.refund_order(RefundOrderCommand(actor=OWNER, order_id=view.id, lines=(line, line)))
    assert await stand.level("MUG") == (4, 0)


async def test_what_a_failed_refund_named_can_be_refunded_again(stand: Stand) -> None:
    await stand.sell("MUG")
    view = await stand.shop.place_order(order(("MUG", 2), token="tok_refund_declined"))
    lines = (RefundLine(line=1, quantity=2),)
    for _ in range(2):
        refund = await stand.shop.refund_order(RefundOrderCommand(actor=OWNER, order_id=view.id, lines=lines))
        assert (refund.status, refund.failure_code) == (RefundStatus.FAILED, "refund_declined")
    view = await seen(stand, view.id)
    assert (view.payment_status, view.refunded.amount) == (PaymentStatus.PAID, 0)


async def test_a_refused_capture_is_refused_again_under_its_key(stand: Stand) -> None:
    await stand.sell("MUG")
    view = await stand.shop.place_order(order(("MUG", 1), payment=held("tok_capture_declined")))
    answers = []
    for _ in range(2):
        with pytest.raises(TradepostError) as refused:
            await stand.shop.capture_payment(
                CapturePaymentCommand(actor=OWNER, order_id=view.id, idempotency=key("capture"))
            )
        answers.append((refused.value.kind, refused.value.detail, refused.value.replayed))
    assert [answer[0] for answer in answers] == [Kind.PAYMENT_DECLINED] * 2
    assert answers[0][1] == answers[1][1]
    assert "another payment method" not in answers[0][1], "nobody can pay a placed order again"
    assert [answer[2] for answer in answers] == [False, True]


async def test_a_refusal_that_asks_to_come_again_is_not_kept_under_the_key(stand: Stand) -> None:
    await stand.sell("MUG")
    view = await stand.shop.place_order(order(("MUG", 1), token="tok_error_before_charge"))
    again = PayOrderCommand(actor=BUYER, order_id=view.id, token="tok_success", idempotency=key("again"))
    with pytest.raises(Conflict, match=r"payment\.in_flight"):
        await stand.shop.pay_order(again)
    await rounds(stand, 2)
    with pytest.raises(TradepostError, match=r"order\.not_payable"):
        await stand.shop.pay_order(again)


async def test_who_asked_for_a_payment_or_a_capture_is_in_the_history(stand: Stand) -> None:
    await stand.sell("MUG")
    with pytest.raises(TradepostError) as refused:
        await stand.shop.place_order(order(("MUG", 1), payment=held("tok_declined")))
    order_id = refused.value.data["order_id"]
    await stand.shop.pay_order(PayOrderCommand(actor=BUYER, order_id=order_id, token="tok_success"))
    await stand.shop.capture_payment(CapturePaymentCommand(actor=OWNER, order_id=order_id))
    history = [(entry.action, entry.actor) for entry in (await story(stand, order_id)).history]
    assert ("payment_requested", BUYER.id) in history
    assert ("capture_requested", OWNER.id) in history


async def test_a_void_the_gateway_refuses_is_in_the_history(stand: Stand) -> None:
    await stand.sell("MUG")
    view = await stand.shop.place_order(order(("MUG", 1), payment=held("tok_void_declined")))
    await stand.shop.cancel_order(CancelOrderCommand(actor=BUYER, order_id=view.id))
    await rounds(stand)
    entries = (await story(stand, view.id)).history
    assert [(entry.action, dict(entry.data)) for entry in entries][-1] == ("void_failed", {"code": "void_declined"})


async def test_a_refund_that_fails_on_a_canceled_order_is_tried_once_more_by_itself(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stand.sell("MUG")
    view = await stand.shop.place_order(order(("MUG", 1), token="tok_refund_declined"))
    with monkeypatch.context() as patch:
        losing(stand, patch, Refund)
        await stand.shop.refund_order(RefundOrderCommand(actor=OWNER, order_id=view.id, amount=Money(300, "EUR")))
    await stand.shop.cancel_order(CancelOrderCommand(actor=OWNER, order_id=view.id))
    await rounds(stand)
    refunds = (await story(stand, view.id)).refunds
    assert [(each.reason, each.status) for each in refunds] == [
        ("requested", "failed"),
        ("order_ended", "failed"),
        ("order_ended", "failed"),
    ]
    assert (await seen(stand, view.id)).payment_status is PaymentStatus.PAID, "what was not given back is not hidden"


async def test_a_payment_begun_as_the_reservation_runs_out_is_left_to_its_answer(stand: Stand) -> None:
    await stand.sell("MUG", stock=1)
    with pytest.raises(TradepostError) as refused:
        await stand.shop.place_order(order(("MUG", 1), token="tok_declined"))
    order_id = refused.value.data["order_id"]
    pay = PayOrderCommand(actor=BUYER, order_id=order_id, token="tok_error_after_charge")
    run = stand.shop.expire_orders._transactions.run
    calls = 0

    async def slow(work: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:  # it has been listed as due; now somebody pays, whose clock is a little behind
            stand.clock.advance(timedelta(seconds=-1))
            await stand.shop.pay_order(pay)
            stand.clock.advance(timedelta(seconds=1))
        return await run(work)

    stand.clock.advance(timedelta(minutes=15))
    stand.shop.expire_orders._transactions = _Running(slow)
    assert await stand.shop.expire_orders() == 0
    stand.clock.advance(timedelta(minutes=2))
    await stand.shop.recover_operations()
    assert (await seen(stand, order_id)).status is OrderStatus.PLACED


async def test_confirming_a_refused_action_again_tells_the_refusal_again(stand: Stand) -> None:
    await stand.sell("MUG")
    view = await stand.shop.place_order(order(("MUG", 1), token="tok_requires_action_declined"))
    await stand.approve(view)
    for _ in range(2):
        with pytest.raises(TradepostError, match=r"payment\.declined"):
            await stand.shop.confirm_payment(ConfirmPaymentCommand(actor=BUYER, order_id=view.id))


async def test_every_fault_of_form_is_named(stand: Stand) -> None:
    wrong = order(("MUG", 1), currency="XYZ", shipping_method="standard")
    wrong = type(wrong)(
        **{name: getattr(wrong, name) for name in wrong.__struct_fields__}
        | {"email": "nobody", "shipping_address": None}
    )
    with pytest.raises(Invalid, match=r"order\.invalid") as refused:
        await stand.shop.place_order(wrong)
    assert [fault.pointer for fault in refused.value.faults] == ["/currency", "/email", "/shipping_address"]


async def test_a_fault_points_at_the_line_as_it_was_sent(stand: Stand) -> None:
    await stand.sell("MUG")
    with pytest.raises(Invalid, match="not_for_sale") as refused:
        await stand.shop.place_order(order(("MUG", 1), ("MUG", 1), ("NONE", 1)))
    assert [fault.pointer for fault in refused.value.faults] == ["/lines/2/sku"]


async def test_one_broken_operation_holds_back_no_other(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    await stand.sell("MUG")
    views = [await stand.shop.place_order(order(("MUG", 1), token="tok_error_after_charge")) for _ in range(3)]
    stand.clock.advance(timedelta(minutes=2))
    send = stand.gateway.send
    broken = (await story(stand, views[0].id)).payments[0].operations[0].id

    async def sometimes(request: Any) -> Any:
        if request.operation_id == broken:
            raise RuntimeError("a bug in an adapter")
        return await send(request)

    monkeypatch.setattr(stand.gateway, "send", sometimes)
    with pytest.raises(RuntimeError, match="a bug"):
        await stand.shop.recover_operations()
    assert [(await seen(stand, view.id)).status for view in views] == ["pending", "placed", "placed"]


async def test_more_orders_than_fit_a_round_expire_and_are_recovered_at_once(stand: Stand) -> None:
    await stand.sell("MUG", stock=500)
    for _ in range(105):
        with pytest.raises(TradepostError):
            await stand.shop.place_order(order(("MUG", 1), token="tok_declined"))
    for _ in range(60):
        await stand.shop.place_order(order(("MUG", 1), token="tok_error_after_charge"))
    stand.clock.advance(timedelta(minutes=15))
    assert await stand.shop.expire_orders() == 105
    assert await stand.shop.recover_operations() == 60
    assert await stand.level("MUG") == (500, 60)


class _Running:
    """`Transactions` made of a function."""

    def __init__(self, run: Any) -> None:
        self.run = run


async def _orders(stand: Stand) -> dict[str, OrderStatus]:
    page = await stand.shop.list_orders(ListOrdersQuery(actor=OWNER))
    return {each.id: each.status for each in page.items}
