"""Many at the same moment, on both databases: one wins, and the money agrees."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.shop.conftest import BUYER, NOW, OWNER, SECRET, Stand, order

from tradepost.kernel.clock import ManualClock
from tradepost.kernel.errors import TradepostError
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
    OrderStoryQuery,
    OrderView,
    ParcelLine,
    PaymentInput,
    PaymentStatus,
    PayOrderCommand,
    RefundLine,
    RefundOrderCommand,
)
from tradepost.payments.gateway import Approved, GatewayAnswer, GatewayRequest
from tradepost.shop import Shop
from tradepost_adapters.simulated_gateway import SimulatedGateway, open_gateway

ROUNDS = 6


class CountingGateway:
    """The simulated gateway over a moment of network; counts what is sent."""

    def __init__(self, inner: SimulatedGateway) -> None:
        self._inner = inner
        self.sent: Counter[str] = Counter()

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def several_captures(self) -> bool:
        return self._inner.several_captures

    async def send(self, request: GatewayRequest, /) -> GatewayAnswer:
        self.sent[request.operation_id] += 1
        await asyncio.sleep(0.002)
        return await self._inner.send(request)

    async def find(
        self, operation_id: str, /, *, request: GatewayRequest | None = None, reference: str | None = None
    ) -> GatewayAnswer | None:
        await asyncio.sleep(0.002)
        return await self._inner.find(operation_id, request=request, reference=reference)

    async def entries(self, since: datetime, /, *, cursor: str | None = None) -> Any:
        return await self._inner.entries(since, cursor=cursor)


class Racing(Stand):
    """A stand whose gateway takes a moment."""

    counting: CountingGateway

    async def seen(self, order_id: str) -> OrderView:
        return await self.shop.get_order(GetOrderQuery(actor=OWNER, order_id=order_id))

    async def settle(self) -> None:
        """Until nothing is left to do."""
        for _ in range(6):
            await self.shop.recover_operations()
            await self.shop.expire_orders()
            self.clock.advance(timedelta(minutes=6))

    async def agrees(self, order_id: str) -> OrderView:
        """The order at rest: its amounts are the gateway's, and it holds what it should."""
        await self.settle()
        view = await self.seen(order_id)
        story = await self.shop.get_order_story(OrderStoryQuery(actor=OWNER, order_id=order_id))
        assert all(each.settled_at for payment in story.payments for each in payment.operations)
        sums: Counter[str] = Counter()
        entries, _ = await self.gateway.entries(datetime.min.replace(tzinfo=UTC))
        references = {payment.reference for payment in story.payments}
        for entry in entries:
            if entry.reference in references and isinstance(entry.answer, Approved) and entry.amount is not None:
                sums[entry.kind] += entry.amount.amount
        assert (view.captured.amount, view.refunded.amount) == (sums["sale"] + sums["capture"], sums["refund"])
        if view.status in (OrderStatus.CANCELED, OrderStatus.EXPIRED):
            assert view.captured == view.refunded
            assert view.authorized == view.captured
        return view


@pytest.fixture
async def stand(database_url: str) -> AsyncIterator[Racing]:
    """A shop on each database."""
    from tradepost_adapters.sql.backend import SqlBackend

    gateway = open_gateway("simulated://memory?slow_seconds=0.05&timeout_seconds=0.05")
    assert isinstance(gateway, SimulatedGateway)
    counting = CountingGateway(gateway)
    clock = ManualClock(NOW)
    backend = await SqlBackend.open(database_url)
    policy = OrderPolicy(home_country="DE")
    shop = Shop(backend, gateway=counting, secret=SECRET, policy=policy, clock=clock)  # type: ignore[arg-type]
    racing = Racing(shop, backend, gateway, clock)
    racing.counting = counting
    yield racing
    await backend.close()


async def at_once(*calls: Awaitable[Any]) -> Counter[str]:
    """Make all calls at the same moment; how each ended: `ok` or the code of its refusal. A fault is raised."""
    done = await asyncio.gather(*calls, return_exceptions=True)
    ends: Counter[str] = Counter()
    for each in done:
        if isinstance(each, BaseException) and not isinstance(each, TradepostError):
            raise each
        ends[each.code if isinstance(each, TradepostError) else "ok"] += 1
    return ends


async def declined(stand: Stand, *, capture: bool = True) -> str:
    with pytest.raises(TradepostError, match=r"payment\.declined") as refused:
        await stand.shop.place_order(order(("MUG", 1), payment=PaymentInput(token="tok_declined", capture=capture)))
    return str(refused.value.data["order_id"])


async def test_of_payments_at_once_one_is_made(stand: Racing) -> None:
    await stand.sell("MUG")
    for _ in range(ROUNDS):
        order_id = await declined(stand)
        pay = PayOrderCommand(actor=BUYER, order_id=order_id, token="tok_success")
        ends = await at_once(*(stand.shop.pay_order(pay) for _ in range(5)))
        assert ends["ok"] == 1
        assert set(ends) <= {"ok", "payment.in_flight", "order.not_payable"}
        assert (await stand.agrees(order_id)).captured.amount == 1000


@pytest.mark.parametrize("token", ["tok_success", "tok_slow", "tok_error_after_charge", "tok_requires_action"])
async def test_a_cancellation_meets_a_payment_and_no_money_is_kept(stand: Racing, token: str) -> None:
    await stand.sell("MUG", stock=5)
    for _ in range(ROUNDS):
        order_id = await declined(stand)
        await at_once(
            stand.shop.pay_order(PayOrderCommand(actor=BUYER, order_id=order_id, token=token)),
            stand.shop.cancel_order(CancelOrderCommand(actor=BUYER, order_id=order_id)),
            stand.shop.pay_order(PayOrderCommand(actor=BUYER, order_id=order_id, token=token)),
        )
        assert (await stand.agrees(order_id)).status is OrderStatus.CANCELED
    assert await stand.level("MUG") == (5, 0)
    assert await stand.money() == 0


async def test_a_cancellation_meets_a_capture_and_nothing_is_kept_or_held(stand: Racing) -> None:
    await stand.sell("MUG", stock=5)
    for amount in (None, Money(300, "EUR")) * ROUNDS:
        view = await stand.shop.place_order(order(("MUG", 1), payment=PaymentInput(token="tok_success", capture=False)))
        capture = CapturePaymentCommand(actor=OWNER, order_id=view.id, amount=amount)
        await at_once(
            stand.shop.capture_payment(capture),
            stand.shop.cancel_order(CancelOrderCommand(actor=OWNER, order_id=view.id)),
            stand.shop.capture_payment(capture),
            stand.shop.recover_operations(),
        )
        assert (await stand.agrees(view.id)).status is OrderStatus.CANCELED
    assert await stand.level("MUG") == (5, 0)


@pytest.mark.parametrize("seconds", [-1, 0, 1])
async def test_expiry_meets_a_payment_and_either_wins_whole(stand: Racing, seconds: int) -> None:
    await stand.sell("MUG", stock=5)
    for _ in range(ROUNDS):
        order_id = await declined(stand)
        stand.clock.advance(timedelta(minutes=15, seconds=seconds))
        await at_once(
            stand.shop.pay_order(PayOrderCommand(actor=BUYER, order_id=order_id, token="tok_success")),
            stand.shop.expire_orders(),
            stand.shop.expire_orders(),
        )
        view = await stand.agrees(order_id)
        expected = OrderStatus.PLACED if seconds < 0 else OrderStatus.EXPIRED
        assert view.status is expected
        if view.status is OrderStatus.PLACED:
            await stand.shop.cancel_order(CancelOrderCommand(actor=OWNER, order_id=order_id))
    assert await stand.level("MUG") == (5, 0)


async def test_expiry_meets_a_confirmation_and_the_money_follows(stand: Racing) -> None:
    await stand.sell("MUG", stock=20)
    for _ in range(ROUNDS):
        view = await stand.shop.place_order(order(("MUG", 1), token="tok_requires_action"))
        stand.clock.advance(timedelta(minutes=15))
        await at_once(
            stand.approve(view),
            stand.shop.confirm_payment(ConfirmPaymentCommand(actor=BUYER, order_id=view.id)),
            stand.shop.expire_orders(),
            stand.shop.recover_operations(),
        )
        ended = await stand.agrees(view.id)
        assert (ended.status, ended.payment_status) in [
            (OrderStatus.PLACED, PaymentStatus.PAID),
            (OrderStatus.EXPIRED, PaymentStatus.REFUNDED),
            (OrderStatus.EXPIRED, PaymentStatus.UNPAID),
        ]


async def test_refunds_at_once_never_give_back_more_than_was_paid(stand: Racing) -> None:
    await stand.sell("MUG", price=1000)
    view = await stand.shop.place_order(order(("MUG", 1)))
    part = RefundOrderCommand(actor=OWNER, order_id=view.id, amount=Money(150, "EUR"))
    ends = await at_once(*(stand.shop.refund_order(part) for _ in range(20)))
    assert ends["ok"] <= 6
    await _again(lambda: stand.shop.refund_order(part), until=("payment.over_refund",))
    assert (await stand.agrees(view.id)).refunded.amount == 900
    assert await stand.money() == 100


async def test_refunds_to_the_card_and_into_the_wallet_at_once_return_no_more_than_was_taken(stand: Racing) -> None:
    await stand.sell("MUG", price=1000)
    view = await stand.shop.place_order(order(("MUG", 1)))
    to_card, to_wallet = (
        RefundOrderCommand(actor=OWNER, order_id=view.id, amount=Money(300, "EUR"), store_credit=store_credit)
        for store_credit in (False, True)
    )
    await at_once(*(stand.shop.refund_order(part) for part in (to_card, to_wallet) * 5))
    await _again(lambda: stand.shop.refund_order(to_wallet), until=("payment.over_refund",))
    await stand.settle()
    story = await stand.shop.get_order_story(OrderStoryQuery(actor=OWNER, order_id=view.id))
    given: Counter[bool] = Counter()
    for each in story.refunds:
        given[each.store_credit] += each.amount.amount
    assert (await stand.seen(view.id)).refunded.amount == given.total() == 900
    assert await stand.money() == 1000 - given[False]
    balances = await stand.backend.ledger_views.account("wallet:cus_buyer.EUR") if given[True] else None
    assert (balances.balance.amount if balances is not None else 0) == given[True]


async def test_the_same_unit_is_refunded_and_restocked_once(stand: Racing) -> None:
    await stand.sell("MUG", stock=5)
    view = await stand.shop.place_order(order(("MUG", 2)))
    await stand.shop.fulfill_order(FulfillOrderCommand(actor=OWNER, order_id=view.id))
    lines = (RefundLine(line=1, quantity=2, restock=True),)
    back = RefundOrderCommand(actor=OWNER, order_id=view.id, lines=lines)
    ends = await at_once(*(stand.shop.refund_order(back) for _ in range(10)))
    assert ends["ok"] == 1
    assert await stand.level("MUG") == (5, 0)


async def test_what_arrives_by_hand_meets_what_is_given_back_and_nobody_is_told_otherwise(stand: Racing) -> None:
    await stand.sell("MUG", stock=1000)

    async def late(moments: int, call: Awaitable[Any]) -> None:
        await asyncio.sleep(moments * 0.0007)
        await call

    for _ in range(ROUNDS):
        view = await stand.shop.place_order(order(("MUG", 1), token=None))
        part = Money(50, "EUR")
        came = CapturePaymentCommand(actor=OWNER, order_id=view.id, amount=part)
        back = RefundOrderCommand(actor=OWNER, order_id=view.id, amount=part)
        calls = [call for _ in range(8) for call in (stand.shop.capture_payment(came), stand.shop.refund_order(back))]
        ends = await at_once(*(late(moment, call) for moment, call in enumerate(calls)))
        assert set(ends) <= {"ok", "order.nothing_to_refund", "aggregate.stale"}
        done = await stand.seen(view.id)
        assert done.captured.amount + done.refunded.amount == 50 * ends["ok"]


async def test_captures_at_once_never_take_more_than_is_held(stand: Racing) -> None:
    await stand.sell("MUG", price=1000)
    view = await stand.shop.place_order(order(("MUG", 1), payment=PaymentInput(token="tok_success", capture=False)))
    part = CapturePaymentCommand(actor=OWNER, order_id=view.id, amount=Money(300, "EUR"))
    ends = await at_once(*(stand.shop.capture_payment(part) for _ in range(10)))
    assert ends["ok"] <= 3
    await _again(lambda: stand.shop.capture_payment(part), until=("payment.over_capture",))
    assert (await stand.agrees(view.id)).captured.amount == 900


async def test_confirming_at_once_is_confirming_once(stand: Racing) -> None:
    await stand.sell("MUG")
    view = await stand.shop.place_order(order(("MUG", 1), token="tok_requires_action"))
    await stand.approve(view)
    confirm = ConfirmPaymentCommand(actor=BUYER, order_id=view.id)
    ends = await at_once(*(stand.shop.confirm_payment(confirm) for _ in range(20)))
    assert ends["ok"] >= 1
    view = await stand.agrees(view.id)
    assert (view.status, view.captured.amount) == (OrderStatus.PLACED, 1000)
    story = await stand.shop.get_order_story(OrderStoryQuery(actor=OWNER, order_id=view.id))
    assert [entry.action for entry in story.history].count("captured") == 1


async def test_an_answer_that_many_bring_one_after_the_other_is_taken_once(stand: Racing) -> None:
    await stand.sell("MUG")

    async def bring(operation_id: str, late: float) -> None:
        await asyncio.sleep(late)
        await stand.shop._runner.record(operation_id, Approved(reference=f"auth_{operation_id}"))

    for _ in range(ROUNDS):
        view = await stand.shop.place_order(order(("MUG", 1), token="tok_timeout"))
        (payment,) = (await stand.shop.get_order_story(OrderStoryQuery(actor=OWNER, order_id=view.id))).payments
        ends = await at_once(*(bring(payment.operations[0].id, late * 0.0007) for late in range(16)))
        assert ends == {"ok": 16}
        assert (await stand.seen(view.id)).captured.amount == 1000


async def test_a_line_leaves_once_however_many_pack_it(stand: Racing) -> None:
    await stand.sell("MUG", stock=10)
    view = await stand.shop.place_order(order(("MUG", 3)))
    pack = FulfillOrderCommand(actor=OWNER, order_id=view.id, lines=(ParcelLine(line=1, quantity=1),))
    await at_once(*(stand.shop.fulfill_order(pack) for _ in range(10)))
    await _again(lambda: stand.shop.fulfill_order(pack), until=("order.parcel_invalid", "order.not_placed"))
    view = await stand.seen(view.id)
    assert (view.lines[0].fulfilled, len(view.parcels)) == (3, 3)
    assert await stand.level("MUG") == (7, 0)


@pytest.mark.parametrize("token", ["tok_success", "tok_declined", "tok_error_after_charge", None])
async def test_one_key_fifty_times_at_once_is_one_order_and_one_answer(stand: Racing, token: str | None) -> None:
    await stand.sell("MUG", stock=1)

    async def send() -> tuple[str, str]:
        key = IdempotencyKey(scope="buyer", key="k", fingerprint="f")
        try:
            view = await stand.shop.place_order(order(("MUG", 1), token=token, idempotency=key))
        except TradepostError as error:
            return error.code, str(error.data.get("order_id"))
        return view.status, view.id

    waiting = asyncio.gather(*(send() for _ in range(50)))
    if token == "tok_error_after_charge":  # whoever is first knows nothing yet; the others wait for recovery
        await asyncio.sleep(0.5)
        stand.clock.advance(timedelta(minutes=2))
        await stand.shop.recover_operations()
    answers = Counter(await waiting)
    page = await stand.shop.list_orders(ListOrdersQuery(actor=OWNER))
    (only,) = page.items
    first = {"tok_declined": "payment.declined"}.get(token or "", "placed")
    if token == "tok_error_after_charge":
        assert answers == {("pending", only.id): 1, ("placed", only.id): 49}
    else:
        assert answers == {(first, only.id): 50}
    assert await stand.level("MUG") == (1, 1)


async def test_workers_that_recover_at_once_share_the_work(stand: Racing) -> None:
    await stand.sell("MUG")
    views = [await stand.shop.place_order(order(("MUG", 1), token="tok_error_after_charge")) for _ in range(20)]
    stand.clock.advance(timedelta(minutes=2))
    stand.counting.sent.clear()
    settled = await asyncio.gather(*(stand.shop.recover_operations() for _ in range(5)))
    assert sum(settled) == 20
    assert set(stand.counting.sent.values()) == {1}
    for view in views:
        assert (await stand.seen(view.id)).status is OrderStatus.PLACED


async def test_baskets_in_opposite_order_never_wait_for_each_other_in_a_circle(stand: Racing) -> None:
    skus = [f"SKU-{number}" for number in range(6)]
    for sku in skus:
        await stand.sell(sku, stock=1000)

    async def buy(number: int) -> None:
        basket = skus[number % 6 :] + skus[: number % 6]
        lines = [(sku, 1) for sku in (basket if number % 2 else reversed(basket))]
        view = await stand.shop.place_order(order(*lines, token="tok_success" if number % 3 else None))
        if number % 2:
            await stand.shop.cancel_order(CancelOrderCommand(actor=OWNER, order_id=view.id))
        else:
            await stand.shop.fulfill_order(FulfillOrderCommand(actor=OWNER, order_id=view.id))

    before = asyncio.get_running_loop().time()
    ends = await at_once(*(buy(number) for number in range(60)))
    assert ends == {"ok": 60}
    assert asyncio.get_running_loop().time() - before < 20
    for sku in skus:
        assert await stand.level(sku) == (970, 0)


async def _again(call: Callable[[], Awaitable[Any]], *, until: tuple[str, ...]) -> None:
    """One after another, until it is refused for good: what was lost in the crowd (a conflict) is done after it."""
    for _ in range(30):
        try:
            await call()
        except TradepostError as error:
            if error.code in until:
                return
            if error.code != "aggregate.stale":
                raise
    raise AssertionError(f"never refused with {until}")
