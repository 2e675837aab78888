"""Whatever a gateway does wrong at whatever step: money moves at most once, and recovery brings both sides to agree."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from tests.shop.conftest import BUYER, OWNER, order
from tests.shop.money import MoneyShop

from tradepost.kernel.errors import TradepostError
from tradepost.kernel.money import Money
from tradepost.orders import (
    CancelOrderCommand,
    CapturePaymentCommand,
    ConfirmPaymentCommand,
    PaymentInput,
    PayOrderCommand,
    RefundOrderCommand,
)
from tradepost.payments.gateway import ActionRequired, GatewayAnswer, GatewayRequest
from tradepost_adapters.memory.backend import MemoryBackend

Act = Callable[[MoneyShop, str], Awaitable[object]]


@dataclass(frozen=True)
class Step:
    """One request to the gateway: how the shop comes to make it, after what, and what it leaves when all went well.

    `first` says how the order was paid before; None: making the order is the step. `ends` is what is captured and
    refunded of 1000 in the end.
    """

    kind: str
    ends: tuple[int, int]
    act: Act | None = None
    first: PaymentInput | None = None
    sale: bool = True


def _hold(token: str = "tok_success") -> PaymentInput:
    return PaymentInput(token=token, capture=False)


async def _pay(money: MoneyShop, order_id: str) -> None:
    await money.shop.pay_order(PayOrderCommand(actor=BUYER, order_id=order_id, token="tok_success"))


async def _capture(money: MoneyShop, order_id: str) -> None:
    await money.shop.capture_payment(CapturePaymentCommand(actor=OWNER, order_id=order_id))


async def _capture_part(money: MoneyShop, order_id: str) -> None:
    part = CapturePaymentCommand(actor=OWNER, order_id=order_id, amount=Money(400, "EUR"))
    await money.shop.capture_payment(part)


async def _capture_last(money: MoneyShop, order_id: str) -> None:
    part = CapturePaymentCommand(actor=OWNER, order_id=order_id, amount=Money(400, "EUR"), final=True)
    await money.shop.capture_payment(part)


async def _cancel(money: MoneyShop, order_id: str) -> None:
    await money.shop.cancel_order(CancelOrderCommand(actor=OWNER, order_id=order_id))
    await money.shop.recover_operations()


async def _refund(money: MoneyShop, order_id: str) -> None:
    await money.shop.refund_order(RefundOrderCommand(actor=OWNER, order_id=order_id))


async def _refund_part(money: MoneyShop, order_id: str) -> None:
    part = RefundOrderCommand(actor=OWNER, order_id=order_id, amount=Money(300, "EUR"))
    await money.shop.refund_order(part)


_SALE = PaymentInput(token="tok_success")
STEPS = {
    "a sale": Step("authorize", (1000, 0)),
    "a hold": Step("authorize", (0, 0), sale=False),
    "paying again": Step("authorize", (1000, 0), _pay, PaymentInput(token="tok_declined")),
    "a capture": Step("capture", (1000, 0), _capture, _hold()),
    "a capture of a part": Step("capture", (400, 0), _capture_part, _hold()),
    "a last capture": Step("capture", (400, 0), _capture_last, _hold()),
    "a void": Step("void", (0, 0), _cancel, _hold()),
    "a refund": Step("refund", (1000, 1000), _refund, _SALE),
    "a refund of a part": Step("refund", (1000, 300), _refund_part, _SALE),
    "a cancellation": Step("refund", (1000, 1000), _cancel, _SALE),
}
REQUEST_FAULTS = ("timeout_after", "error_after", "timeout_before", "error_before", "late")
EVENT_FAULTS = ("duplicated", "reordered", "delayed", "dropped")


async def opened(backend: Any, *, within: bool = False) -> MoneyShop:
    money = MoneyShop(backend, within=within)
    await money.stock_up()
    return money


@pytest.fixture
async def money() -> MoneyShop:
    return await opened(MemoryBackend())


async def before(money: MoneyShop, step: Step, token: str | None = None) -> str:
    """Everything up to the step; gives the order, which is not there yet when making it is the step."""
    if step.first is None:
        return ""
    paid = step.first if token is None else PaymentInput(token=token, capture=step.first.capture)
    with suppress(TradepostError):
        await money.shop.place_order(order(("MUG", 1), payment=paid))
    await money.tell()
    return (await money.order_ids())[0]


async def take(money: MoneyShop, step: Step, order_id: str, *, at: int = 0, token: str = "tok_success") -> None:
    """The step, in a process that dies at its `at`-th await point."""
    if step.act is not None:
        await money.survive(at, step.act(money, order_id))
        return
    bought = order(("MUG", 1), payment=PaymentInput(token=token, capture=step.sale))
    await money.survive(at, money.shop.place_order(bought))


async def ends(money: MoneyShop) -> tuple[str, int, int]:
    """Bring it to rest and hold all books against each other; how the one order ended."""
    await money.check()
    await money.come_to_rest()
    await money.check_rest()
    (whole,) = await money.wholes()
    return whole.order.status, whole.order.captured, whole.order.refunded


def once(money: MoneyShop, step: Step) -> None:
    """The gateway has carried the step out once."""
    kinds = [entry.kind for entry in money.entries()]
    kind = step.kind if step.kind != "authorize" else "sale" if step.sale else "authorize"
    tries = 2 if step.act is _pay else 1  # the first was declined
    assert kinds.count(kind) == tries


def well(step: Step) -> tuple[str, int, int]:
    return ("canceled" if step.act is _cancel else "placed", *step.ends)


@pytest.mark.parametrize("fault", REQUEST_FAULTS)
@pytest.mark.parametrize("name", STEPS)
async def test_a_step_whose_answer_is_lost_is_taken_once(money: MoneyShop, name: str, fault: str) -> None:
    step = STEPS[name]
    order_id = await before(money, step)
    money.book.script(f"{step.kind}:{fault}")
    await take(money, step, order_id)
    assert await ends(money) == well(step)
    once(money, step)


@pytest.mark.parametrize("fault", REQUEST_FAULTS)
@pytest.mark.parametrize("name", STEPS)
async def test_a_step_whose_answers_are_lost_again_and_again_is_taken_once(
    money: MoneyShop, name: str, fault: str
) -> None:
    """The first answer and the two after it, while events tell what they know."""
    step = STEPS[name]
    order_id = await before(money, step)
    money.book.script(*(f"{step.kind}.{number}:{fault}" for number in (1, 2, 3)))
    await take(money, step, order_id)
    await money.tell()
    assert await ends(money) == well(step)
    once(money, step)


@pytest.mark.parametrize("lost", [None, "error_after", "late"])
@pytest.mark.parametrize("fault", EVENT_FAULTS)
@pytest.mark.parametrize("name", STEPS)
async def test_events_that_go_astray_change_nothing(money: MoneyShop, name: str, fault: str, lost: str | None) -> None:
    step = STEPS[name]
    order_id = await before(money, step)
    money.book.script(f"event:{fault}", f"event.2:{fault}")
    if lost is not None:
        money.book.script(f"{step.kind}:{lost}")
    await take(money, step, order_id)
    for _ in range(3):
        await money.tell()
        money.clock.advance(timedelta(seconds=5))
    assert await ends(money) == well(step)
    once(money, step)


@pytest.mark.parametrize("lost", [False, True], ids=["answered", "lost"])
@pytest.mark.parametrize("name", STEPS)
async def test_an_event_that_comes_before_our_own_write_is_as_good(
    money: MoneyShop, monkeypatch: pytest.MonkeyPatch, name: str, lost: bool
) -> None:
    step = STEPS[name]
    order_id = await before(money, step)
    overtake(money, monkeypatch)
    if lost:
        money.book.script(f"{step.kind}:error_after")
    await take(money, step, order_id)
    assert await ends(money) == well(step)
    once(money, step)


@pytest.mark.parametrize("within", [False, True], ids=["between", "within"])
@pytest.mark.parametrize("name", STEPS)
async def test_a_process_may_die_anywhere_in_a_step(name: str, within: bool) -> None:
    """At its first await point, at its second, and so on until it lives: between transactions, or in them as well."""
    step = STEPS[name]
    for at in range(1, 40):
        money = await opened(MemoryBackend(), within=within)
        order_id = await before(money, step)
        await take(money, step, order_id, at=at)
        lives = not money.died
        if not await money.order_ids():  # it died before anything was written
            assert money.entries() == []
            continue
        ended = await ends(money)
        nothing_asked = step.act is not None and step.kind not in {entry.kind for entry in money.entries()}
        if step.act is _pay and len(money.entries()) == 1:
            assert ended == ("expired", 0, 0)
        elif step.act not in (None, _pay) and nothing_asked:
            assert ended == ("placed", *((1000, 0) if step.first == _SALE else (0, 0)))
        else:
            assert ended == well(step)
            once(money, step)
        if lives:
            return
    raise AssertionError("it never lived")


@pytest.mark.parametrize("name", STEPS)
async def test_a_step_that_is_refused_leaves_everything_as_it_was(money: MoneyShop, name: str) -> None:
    step = STEPS[name]
    token = "tok_declined" if step.kind == "authorize" else f"tok_{step.kind}_declined"
    order_id = await before(money, step, token)
    await take(money, step, order_id, token=token)
    ended = await ends(money)
    if step.act is _pay:
        assert ended == ("placed", 1000, 0)
    elif step.kind == "authorize":
        assert ended == ("expired", 0, 0)
    else:
        held = step.first is not None and not step.first.capture
        assert ended == (well(step)[0], 0 if held else 1000, 0)


@pytest.mark.parametrize("fault", [None, *REQUEST_FAULTS])
@pytest.mark.parametrize("decision", ["approved", "refused", "no decision"])
@pytest.mark.parametrize("heard", ["by event", "by the buyer", "too late"])
@pytest.mark.parametrize("sale", [True, False], ids=["sale", "hold"])
async def test_what_the_buyer_has_to_confirm_is_paid_once_or_not_at_all(
    money: MoneyShop, sale: bool, heard: str, decision: str, fault: str | None
) -> None:
    step = Step("authorize", (1000 if sale else 0, 0), sale=sale)
    if fault is not None:
        money.book.script(f"authorize:{fault}")
    await take(money, step, "", token="tok_requires_action")
    money.clock.advance(timedelta(minutes=2))
    await money.shop.recover_operations()
    money.clock.advance(timedelta(minutes=2))
    await money.shop.recover_operations()
    if heard == "too late":
        money.clock.advance(timedelta(minutes=12))
        await money.shop.expire_orders()
    for entry in money.entries():
        if isinstance(entry.answer, ActionRequired) and decision != "no decision":
            money.book.confirm(entry.answer.reference, approve=decision == "approved")
    if heard == "by the buyer":
        (order_id,) = await money.order_ids()
        await money.survive(0, money.shop.confirm_payment(ConfirmPaymentCommand(actor=BUYER, order_id=order_id)))
    if heard == "by event":
        await money.tell()
    ended = await ends(money)
    paid = decision == "approved"
    if heard != "too late":
        assert ended == (("placed", *step.ends) if paid else ("expired", 0, 0))
    else:
        assert ended == ("expired", *((1000, 1000) if paid and sale else (0, 0)))
    assert len([entry for entry in money.entries() if entry.kind in ("sale", "authorize")]) == 1


@pytest.mark.parametrize("won", [True, False, None], ids=["won", "lost", "open"])
@pytest.mark.parametrize("overtaken", [True, False], ids=["before our write", "after it"])
@pytest.mark.parametrize("fault", [None, *REQUEST_FAULTS])
@pytest.mark.parametrize("name", ["a sale", "a capture", "a capture of a part", "a last capture"])
async def test_a_dispute_right_after_the_money_was_taken_is_in_the_books(
    money: MoneyShop, monkeypatch: pytest.MonkeyPatch, name: str, fault: str | None, overtaken: bool, won: bool | None
) -> None:
    step = STEPS[name]
    order_id = await before(money, step, "tok_disputed")
    if overtaken:
        overtake(money, monkeypatch)
    if fault is not None:
        money.book.script(f"{step.kind}:{fault}")
    await take(money, step, order_id, token="tok_disputed")
    await money.come_to_rest()
    await money.check_rest()
    (dispute,) = money.book.disputes(money.clock.now() - timedelta(days=1))[0]
    if won is not None:
        money.book.respond(dispute.reference)
        money.book.close_dispute(dispute.reference, won=won)
    assert await ends(money) == well(step)
    (whole,) = await money.wholes()
    assert whole.order.disputed == (0 if won else step.ends[0])


@pytest.mark.parametrize("token", ["tok_refund_pending", "tok_refund_pending_failed", "tok_refund_failed_later"])
@pytest.mark.parametrize("fault", [None, *REQUEST_FAULTS, *EVENT_FAULTS])
@pytest.mark.parametrize("overtaken", [True, False], ids=["told early", "told later"])
@pytest.mark.parametrize("name", ["a refund", "a refund of a part", "a cancellation"])
async def test_a_refund_that_takes_its_time_ends_as_the_bank_says(
    money: MoneyShop, monkeypatch: pytest.MonkeyPatch, name: str, overtaken: bool, fault: str | None, token: str
) -> None:
    step = STEPS[name]
    order_id = await before(money, step, token)
    if overtaken:
        overtake(money, monkeypatch)
    if fault is not None:
        kinds = ("event", "event.2") if fault in EVENT_FAULTS else (step.kind,)
        money.book.script(*(f"{kind}:{fault}" for kind in kinds))
    await take(money, step, order_id)
    status, captured, _ = well(step)
    refunded = step.ends[1] if token == "tok_refund_pending" else 0
    assert await ends(money) == (status, captured, refunded)
    assert [entry.kind for entry in money.entries()].count("refund") == 1


def overtake(money: MoneyShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every event from now on is dealt with after the gateway has acted, and before we hear its answer."""
    send = money.book.send

    async def sent(request: GatewayRequest) -> GatewayAnswer:
        reply = send(request)
        await money.tell()
        monkeypatch.setattr(money.book, "send", lambda _: reply)
        try:
            return await answered(request)
        finally:
            monkeypatch.setattr(money.book, "send", send)

    answered = money.gateway.send
    monkeypatch.setattr(money.gateway, "send", sent)


@pytest.fixture
async def kept(database_url: str) -> AsyncIterator[MoneyShop]:
    """A shop on each database."""
    from tradepost_adapters.sql.backend import SqlBackend

    backend = await SqlBackend.open(database_url)
    yield await opened(backend)
    await backend.close()


@pytest.mark.parametrize("fault", ["timeout_after", "late"])
@pytest.mark.parametrize("name", STEPS)
async def test_so_it_is_on_both_databases(kept: MoneyShop, name: str, fault: str) -> None:
    step = STEPS[name]
    order_id = await before(kept, step)
    kept.book.script(f"{step.kind}:{fault}", "event:duplicated", "event.2:reordered")
    await take(kept, step, order_id)
    assert await ends(kept) == well(step)
    once(kept, step)
