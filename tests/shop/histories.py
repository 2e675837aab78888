"""Random lives of orders: what can be done to a shop, what may come between any two of its steps, and what must hold.

A `History` is a shop whose every await point (before and after a transaction, before and after the gateway) is known. At
one of them the process may die, or something else may happen first.
"""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from tests.shop.conftest import BUYER, NOW, OWNER, SECRET, Stand, order
from tests.shop.points import Killed, Points, Watched, WatchedBackend

from tradepost.kernel.clock import ManualClock
from tradepost.kernel.errors import TradepostError
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost.kernel.money import Money
from tradepost.kernel.pages import PageRequest
from tradepost.orders import (
    CancelOrderCommand,
    CapturePaymentCommand,
    CompleteOrderCommand,
    ConfirmPaymentCommand,
    FulfillOrderCommand,
    ListOrdersQuery,
    OrderPolicy,
    OrderStatus,
    ParcelLine,
    PaymentInput,
    PayOrderCommand,
    PlaceOrderCommand,
    RefundLine,
    RefundOrderCommand,
)
from tradepost.orders.order import ENDED, Order
from tradepost.orders.settlement import ORDER_ENDED
from tradepost.payments.gateway import ActionRequired, Approved
from tradepost.payments.payment import Operation, Payment, Refund, RefundStatus
from tradepost.shop import Shop
from tradepost.stock.ports import MovementFilter
from tradepost_adapters.simulated_gateway import Book, SimulatedGateway
from tradepost_adapters.simulated_gateway.tokens import AUTHORIZING, FOLLOWING

PRICES = {"MUG": 500, "ODD": 333, "FREE": 0, "FILE": 250}
STOCK = {"MUG": 12, "ODD": 9, "FREE": 5, "FILE": None}
BUGS = ("aggregate.stale", "stock.insufficient")
"""What may be refused to somebody who buys, and to nobody else: nothing here runs at the same instant."""


@dataclass(frozen=True)
class Act:
    """One thing done to the shop; the numbers and the token are for whoever needs them."""

    what: str
    which: int = 0
    number: int = 0
    token: str | None = "tok_success"
    capture: bool = True


@dataclass(frozen=True)
class Step:
    """An act, and what happens at its `at`-th await point: something else, or (None) the end of the process."""

    act: Act
    at: int = 0
    meanwhile: Act | None = None


ACTS = (
    "place", "place", "place", "place_later", "pay", "confirm", "approve", "refuse", "capture", "capture", "cancel",
    "refund", "refund_lines", "fulfill", "complete", "expire", "recover", "recover", "wait", "repeat",
)  # fmt: skip
_ON_THEIR_WAY = {token for token in FOLLOWING if token.startswith(("tok_refund_pending", "tok_refund_failed_later"))}
"""Refunds that wait for a bank, or for an event: `test_gateway_faults` lives those, with a gateway that sends events."""
TOKENS = sorted({*AUTHORIZING, *FOLLOWING} - {"tok_expired", "tok_insufficient_funds", "tok_disputed"} - _ON_THEIR_WAY)
acts = st.builds(
    Act,
    what=st.sampled_from(ACTS),
    which=st.integers(0, 3),
    number=st.integers(0, 7),
    token=st.just("tok_success") | st.sampled_from(TOKENS),
    capture=st.booleans(),
)
steps = st.builds(Step, act=acts, at=st.integers(0, 8), meanwhile=st.none() | acts)


@dataclass
class Whole:
    """An order and all that belongs to it."""

    order: Order
    payments: tuple[Payment, ...]
    operations: tuple[Operation, ...]
    refunds: tuple[Refund, ...]


class History:
    """A shop that things happen to."""

    def __init__(self, backend: Any) -> None:
        self.clock = ManualClock(NOW)
        self.points = Points()
        self.book = Book.in_memory(clock=self.clock)
        self.gateway = SimulatedGateway(self.book, slow_seconds=0, timeout_seconds=0)
        self.shop = Shop(
            WatchedBackend(backend, self.points),
            gateway=Watched(self.gateway, self.points, "send", "find"),  # type: ignore[arg-type]
            secret=SECRET,
            policy=OrderPolicy(home_country="DE"),
            clock=self.clock,
        )
        self.backend = backend
        self.stand = Stand(self.shop, backend, self.gateway, self.clock)
        self.ids: list[str] = []
        self.placed: list[PlaceOrderCommand] = []
        self.answers: dict[int, str] = {}

    async def open(self) -> None:
        for sku, price in PRICES.items():
            await self.stand.sell(sku, price=price, stock=STOCK[sku])

    async def take(self, step: Step) -> None:
        """The step, and a look at the books after it."""
        other = step.meanwhile
        self.points.arm(step.at, None if other is None else lambda: self._act(other))
        with suppress(Killed):
            await self._act(step.act)
        self.points.arm(0, None)
        await self.check()

    async def _act(self, act: Act) -> None:
        try:
            await getattr(self, f"_{act.what}")(act)
        except TradepostError as error:
            if act.what not in ("place", "place_later", "repeat") and error.code in BUGS:
                raise
        await self._look()

    async def _look(self) -> None:
        """Learn of orders whose maker died before saying so."""
        page = await self.backend.order_views.list(_EVERY, PageRequest(limit=100, sort="number"))
        self.ids = [each.id for each in page.items]

    def _id(self, act: Act) -> str:
        return self.ids[act.which % len(self.ids)] if self.ids else "order_none"

    # -- what can be done

    async def _place(self, act: Act) -> None:
        payment = PaymentInput(token=act.token, capture=act.capture)
        await self._buy(act, payment)

    async def _place_later(self, act: Act) -> None:
        await self._buy(act, PaymentInput(method="manual"))  # type: ignore[arg-type]

    async def _buy(self, act: Act, payment: PaymentInput) -> None:
        skus = list(PRICES)
        lines = ((skus[act.number % 4], 1 + act.number % 3), (skus[act.which % 4], 1))
        self.placed.append(order(*lines, payment=payment, idempotency=_key(len(self.placed))))
        await self._send(len(self.placed) - 1)

    async def _repeat(self, act: Act) -> None:
        if self.placed:
            await self._send(act.which % len(self.placed))

    async def _send(self, place: int) -> None:
        """One key is one order, whoever asks how often."""
        command = self.placed[place]
        command = type(command)(
            **{name: getattr(command, name) for name in command.__struct_fields__} | {"idempotency": _key(place)}
        )
        try:
            found = (await self.shop.place_order(command)).id
        except TradepostError as error:
            if "order_id" not in error.data:
                raise
            found = error.data["order_id"]
        assert self.answers.setdefault(place, found) == found

    async def _pay(self, act: Act) -> None:
        token = act.token or "tok_success"
        await self.shop.pay_order(PayOrderCommand(actor=BUYER, order_id=self._id(act), token=token))

    async def _confirm(self, act: Act) -> None:
        await self.shop.confirm_payment(ConfirmPaymentCommand(actor=BUYER, order_id=self._id(act)))

    async def _approve(self, act: Act, *, approve: bool = True) -> None:
        for payment in await self.backend.order_views.payments(self._id(act)):
            for operation in payment.operations:
                answer = self.book.find(operation.id)
                if isinstance(answer, ActionRequired):
                    self.book.confirm(answer.reference, approve=approve)

    async def _refuse(self, act: Act) -> None:
        await self._approve(act, approve=False)

    async def _capture(self, act: Act) -> None:
        amount = Money(act.number * 100, "EUR") if act.number else None
        await self.shop.capture_payment(CapturePaymentCommand(actor=OWNER, order_id=self._id(act), amount=amount))

    async def _cancel(self, act: Act) -> None:
        await self.shop.cancel_order(CancelOrderCommand(actor=OWNER, order_id=self._id(act)))

    async def _refund(self, act: Act) -> None:
        amount = Money(act.number * 100, "EUR") if act.number else None
        await self.shop.refund_order(RefundOrderCommand(actor=OWNER, order_id=self._id(act), amount=amount))

    async def _refund_lines(self, act: Act) -> None:
        lines = (RefundLine(line=1 + act.number % 2, quantity=1 + act.number // 4, restock=act.capture),)
        await self.shop.refund_order(RefundOrderCommand(actor=OWNER, order_id=self._id(act), lines=lines))

    async def _fulfill(self, act: Act) -> None:
        lines = (ParcelLine(line=act.number % 2 + 1, quantity=1),) if act.number < 4 else ()
        await self.shop.fulfill_order(FulfillOrderCommand(actor=OWNER, order_id=self._id(act), lines=lines))

    async def _complete(self, act: Act) -> None:
        await self.shop.complete_order(CompleteOrderCommand(actor=OWNER, order_id=self._id(act)))

    async def _expire(self, _: Act) -> None:
        await self.shop.expire_orders()

    async def _recover(self, _: Act) -> None:
        await self.shop.recover_operations()

    async def _wait(self, act: Act) -> None:
        self.clock.advance(timedelta(minutes=1 + act.number // 2))

    # -- what must hold

    async def check(self) -> None:
        """After every step, whatever it left unfinished."""
        wholes = await self.wholes()
        held: Counter[str] = Counter()
        for whole in wholes:
            _check_amounts(whole)
            for change in whole.order.held():
                held[change.sku] += change.reserved
        await self._check_stock(held)
        self._check_books(wholes)

    async def come_to_rest(self) -> None:
        """Recovery and expiry alone have to bring everything to its one right end."""
        for _ in range(12):
            await self.shop.recover_operations()
            await self.shop.expire_orders()
            self.clock.advance(timedelta(minutes=6))
        await self.check()
        for whole in await self.wholes():
            _check_end(whole)
            charged, refunded = self._booked(whole.order.id)
            if whole.payments[0].gateway is not None:
                assert (whole.order.captured, whole.order.refunded) == (charged, refunded)
        for place in range(len(self.placed)):  # every key has its answer
            with suppress(TradepostError):
                await self._send(place)

    async def wholes(self) -> list[Whole]:
        """Every order there is."""

        async def work(tx: Any) -> list[Whole]:
            wholes = []
            for id_ in self.ids:
                payments = await tx.payments.of_order(id_)
                operations = [each for payment in payments for each in await tx.operations.of_payment(payment.id)]
                whole = Whole(await tx.orders.get(id_), payments, tuple(operations), await tx.refunds.of_order(id_))
                wholes.append(whole)
            return wholes

        await self._look()
        found: list[Whole] = await self.backend.transactions.run(work)
        return found

    async def _check_stock(self, held: Counter[str]) -> None:
        for sku, stock in STOCK.items():
            if stock is None:
                continue
            page = await self.backend.stock_views.movements(MovementFilter(sku=sku), PageRequest(limit=100))
            on_hand, reserved = await self.stand.level(sku)
            assert reserved == held[sku], f"{reserved} of {sku} are reserved, and open orders hold {held[sku]}"
            if page.next_cursor is None:
                moved = [(each.on_hand, each.reserved) for each in page.items]
                assert (on_hand, reserved) == (sum(a for a, _ in moved), sum(b for _, b in moved))

    def _check_books(self, wholes: list[Whole]) -> None:
        """By the gateway's books nobody pays too much, and the shop never believes in money that is not there."""
        for whole in wholes:
            charged, refunded = self._booked(whole.order.id)
            assert refunded <= charged <= whole.order.total.amount
            if whole.payments[0].gateway is not None:
                assert whole.order.captured <= charged
                assert whole.order.refunded <= refunded

    def _booked(self, order_id: str) -> tuple[int, int]:
        entries, cursor = self.book.entries(datetime.min.replace(tzinfo=UTC))
        while cursor is not None:
            more, cursor = self.book.entries(datetime.min.replace(tzinfo=UTC), cursor)
            entries += more
        of_order = {
            entry.reference
            for entry in entries
            if entry.kind in ("sale", "authorize") and entry.metadata["order_id"] == order_id
        }
        sums: Counter[str] = Counter()
        for entry in entries:
            if entry.reference in of_order and isinstance(entry.answer, Approved) and entry.amount is not None:
                sums[entry.kind] += entry.amount.amount
        return sums["sale"] + sums["capture"], sums["refund"]


def _check_amounts(whole: Whole) -> None:
    order_, payments = whole.order, whole.payments
    for payment in payments:
        assert 0 <= payment.refunded + payment.refunding <= payment.captured
        assert payment.captured + payment.capturing <= payment.authorized <= payment.amount.amount
        assert min(payment.capturing, payment.refunding) >= 0
    for amount in ("authorized", "captured", "refunded"):
        assert getattr(order_, amount) == sum(getattr(payment, amount) for payment in payments)
    by_status: Counter[RefundStatus] = Counter()
    for refund in whole.refunds:
        by_status[refund.status] += refund.amount.amount
    assert by_status[RefundStatus.SUCCEEDED] == order_.refunded
    assert by_status[RefundStatus.PENDING] == sum(payment.refunding for payment in payments)
    for line in order_.lines:
        assert 0 <= line.returned <= line.fulfilled <= line.quantity
    by_card = payments[0].gateway is not None
    if by_card and order_.status in (OrderStatus.PLACED, OrderStatus.COMPLETED):
        assert order_.authorized == order_.total.amount


def _check_end(whole: Whole) -> None:
    """At rest. A gateway that never answers and keeps no books is the one thing that nobody can settle."""
    order_ = whole.order
    unsettled = [each for each in whole.operations if not each.settled]
    dead = [each for each in unsettled if getattr(each.request, "token", "") == "tok_dead"]
    assert unsettled == dead, "an operation is still open"
    if dead:
        return
    assert order_.status is not OrderStatus.PENDING
    assert all(payment.capturing == payment.refunding == 0 for payment in whole.payments)
    if order_.status in ENDED:
        refused = any(refund.reason == ORDER_ENDED and refund.status is RefundStatus.FAILED for refund in whole.refunds)
        assert order_.captured == order_.refunded or refused, "money was kept"
        void_refused = any(each.failure_code == "void_declined" for each in whole.operations)
        assert order_.authorized == order_.captured or void_refused, "money is still held"


def _key(place: int) -> IdempotencyKey:
    return IdempotencyKey(scope="buyer", key=f"key-{place}", fingerprint="f")


_EVERY = ListOrdersQuery(actor=OWNER).wanted
