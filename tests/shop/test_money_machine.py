"""Random histories of money: whatever buyers, staff, banks, the gateway and dying processes do, in whatever order, every
book is right after every step, and all of them come to agree."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.shop.conftest import BUYER, NOW, OWNER, order
from tests.shop.histories import Whole
from tests.shop.money import WORD, MoneyShop

from tradepost.customers.customer import Customer
from tradepost.kernel.access import GUEST
from tradepost.kernel.errors import Invalid, TradepostError
from tradepost.kernel.idempotency import IdempotencyKey, run_once
from tradepost.kernel.money import Money
from tradepost.orders import (
    CancelOrderCommand,
    CapturePaymentCommand,
    ConfirmPaymentCommand,
    FulfillOrderCommand,
    OrderStatus,
    PaymentInput,
    PayOrderCommand,
    PlaceOrderCommand,
    RefundLine,
    RefundOrderCommand,
)
from tradepost.payments.gateway import ActionRequired, Approved, DisputeStatus, Pending
from tradepost.payments.payment import Method
from tradepost.wallets.give_store_credit import GiveStoreCreditCommand
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.simulated_gateway.faults import OF_EVENTS, Effect, FaultKind
from tradepost_adapters.simulated_gateway.tokens import AUTHORIZING, FOLLOWING
from tradepost_adapters.simulated_gateway.webhooks import signed

EXAMPLES = int(os.environ.get("TRADEPOST_TEST_MONEY_HISTORIES", "150"))
"""How many histories a run makes up; 1,000 take a minute or two."""
STEPS = 30
_TOKENS = sorted({*AUTHORIZING, *FOLLOWING} - {"tok_dead", "tok_insufficient_funds", "tok_expired"})
tokens = st.sampled_from([*_TOKENS, *["tok_success"] * 8])
which = st.integers(0, 3)
amounts = st.none() | st.integers(1, 12).map(lambda hundreds: Money(hundreds * 97, "EUR"))
deaths = st.integers(-12, 36).map(lambda at: at if at <= 12 else 0)
"""At which await point the process dies, or (below zero) events overtake it; 0: neither."""
payments = st.builds(
    lambda method, token, capture, credit: PaymentInput(
        method=method,
        token=token if method is Method.CARD else None,
        capture=capture,
        store_credit=credit * 100 if method is not Method.STORE_CREDIT else 0,
    ),
    st.sampled_from((*[Method.CARD] * 5, Method.MANUAL, Method.STORE_CREDIT)),
    tokens,
    st.booleans(),
    st.sampled_from((0, 0, 0, 0, 1, 5, 12)),
)
requests = [kind for kind in FaultKind if kind is not FaultKind.EVENT]
faults = st.builds("{}:{}".format, st.sampled_from(requests), st.sampled_from(sorted(set(Effect) - OF_EVENTS))) | (
    st.builds("event.{}:{}".format, st.integers(1, 3), st.sampled_from(sorted(OF_EVENTS)))
)


class MoneyMachine(RuleBasedStateMachine):
    """One shop. Every rule may be refused, and most may die on the way."""

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.Runner()
        self.money = MoneyShop(MemoryBackend(), within=True)
        self.orders: list[str] = []
        self.placed: list[PlaceOrderCommand] = []
        self.sent: list[Any] = []

    async def _open(self) -> None:
        await self.money.stock_up()

        async def work(tx: Any) -> None:
            await tx.customers.add(Customer(id="cus_buyer", created_at=NOW))

        await self.money.backend.transactions.run(work)

    def _do(self, step: Awaitable[Any], at: int = 0) -> None:
        async def done() -> None:
            await self.money.survive(at, step)
            self.orders = await self.money.order_ids()

        self._loop.run(done())

    def _wholes(self) -> list[Whole]:
        return self._loop.run(self.money.wholes())

    def _id(self, place: int, wanted: Callable[[Whole], bool] = lambda _: True) -> str:
        """One of the orders, and rather one that is wanted."""
        found = [whole.order.id for whole in self._wholes() if wanted(whole)] or self.orders
        return found[place % len(found)]

    # -- buyers

    @rule(amount=st.integers(0, 30))
    def give_store_credit(self, amount: int) -> None:
        credit = GiveStoreCreditCommand(
            actor=OWNER, customer_id="cus_buyer", amount=Money(amount * 100, "EUR"), reason="sorry"
        )
        self._do(self.money.shop.give_store_credit(credit))

    @initialize(given=st.integers(0, 30), several=st.lists(payments, min_size=2, max_size=3))
    def open_shop(self, given: int, several: list[PaymentInput]) -> None:
        self._do(self._open())
        self.give_store_credit(given)
        for payment in several:
            self.place(payment, guest=False, mugs=1, at=0)

    @rule(payment=payments, guest=st.booleans(), mugs=st.integers(1, 2), at=deaths)
    def place(self, payment: PaymentInput, guest: bool, mugs: int, at: int) -> None:
        if len(self.placed) == 6:  # so that something happens to each
            return
        key = IdempotencyKey(scope="buyer", key=f"a key that is long enough {len(self.placed)}", fingerprint="f")
        actor = GUEST if guest else BUYER
        self.placed.append(order(("MUG", mugs), ("ODD", 1), actor=actor, payment=payment, idempotency=key))
        self._do(self.money.shop.place_order(self.placed[-1]), at)

    @precondition(lambda self: self.placed)
    @rule(
        what=st.sampled_from(("pay", "pay", "confirm", "once more", "approve", "refuse")),
        place=which,
        token=tokens,
        amount=amounts,
        at=deaths,
    )
    def the_buyer(self, what: str, place: int, token: str, amount: Money | None, at: int) -> None:
        """Pays, comes back, sends the same again; or decides at the gateway, which is no step of ours."""
        shop = self.money.shop
        if what in ("approve", "refuse"):
            waiting = [each.answer for each in self.money.entries() if isinstance(each.answer, ActionRequired)]
            if waiting:
                self.money.book.confirm(waiting[place % len(waiting)].reference, approve=what == "approve")
        elif what == "once more":
            self._once_more(self.placed[place % len(self.placed)], at)
        elif self.orders:
            order_id = self._id(place, lambda whole: whole.order.status is OrderStatus.PENDING)
            pay = PayOrderCommand(actor=OWNER, order_id=order_id, token=token, amount=amount)
            confirm = ConfirmPaymentCommand(actor=OWNER, order_id=order_id)
            self._do(shop.pay_order(pay) if what == "pay" else shop.confirm_payment(confirm), at)

    def _once_more(self, command: PlaceOrderCommand, at: int) -> None:
        """Under the same key: it is one order."""
        before = len(self.orders)
        there = self._loop.run(self._kept(command))
        self._do(self.money.shop.place_order(_again(command)), at)
        assert len(self.orders) == before or not there

    @precondition(lambda self: self.orders)
    @rule(place=which, amount=amounts, final=st.booleans(), at=deaths)
    def capture(self, place: int, amount: Money | None, final: bool, at: int) -> None:
        order_id = self._id(place, lambda whole: any(payment.held for payment in whole.payments))
        capture = CapturePaymentCommand(actor=OWNER, order_id=order_id, amount=amount, final=final)
        self._do(self.money.shop.capture_payment(capture), at)

    @precondition(lambda self: self.orders)
    @rule(
        place=which,
        amount=amounts,
        line=st.integers(0, 2),
        into=st.sampled_from((False, False, False, False, True)),
        paid=which,
        at=deaths,
    )
    def refund(self, place: int, amount: Money | None, line: int, into: bool, paid: int, at: int) -> None:
        """By amount, by line, or all of it; of one of its payments; into the wallet or back to where it came from."""
        order_id = self._id(place, lambda whole: any(payment.refundable for payment in whole.payments))
        (whole,) = [whole for whole in self._wholes() if whole.order.id == order_id]
        payments = tuple(payment for payment in whole.payments if payment.refundable) or whole.payments
        back = RefundOrderCommand(
            actor=OWNER,
            order_id=order_id,
            amount=amount,
            lines=(RefundLine(line=line, quantity=1),) if line and amount is None else (),
            payment_id=payments[paid % len(payments)].id,
            store_credit=into,
        )
        self._do(self.money.shop.refund_order(back), at)

    @precondition(lambda self: self.orders)
    @rule(place=which, cancel=st.booleans(), at=deaths)
    def cancel_or_fulfill(self, place: int, cancel: bool, at: int) -> None:
        shop, order_id = self.money.shop, self._id(place)
        command = CancelOrderCommand(actor=OWNER, order_id=order_id)
        sent = FulfillOrderCommand(actor=OWNER, order_id=order_id)
        self._do(shop.cancel_order(command) if cancel else shop.fulfill_order(sent), at)

    # -- the gateway, the banks, and the time

    @rule(fault=faults)
    def go_wrong(self, fault: str) -> None:
        with suppress(Invalid):  # there is one for the same already
            self.money.book.script(fault)

    @rule(choice=st.integers(0, 99))
    def the_bank(self, choice: int) -> None:
        """Carries out a refund that is on its way, sends one back that had succeeded, or takes up a buyer's dispute."""
        book = self.money.book
        able: list[Callable[[], object]] = []
        for entry in self.money.entries():
            end = partial(book.settle_refund, entry.operation_id)
            if entry.kind == "refund" and isinstance(entry.answer, Pending | Approved):
                able.append(partial(end, succeeded=False))
            if isinstance(entry.answer, Pending):
                able.append(partial(end, succeeded=True))
            if entry.kind in ("sale", "capture") and isinstance(entry.answer, Approved):
                dispute = partial(book.open_dispute, entry.reference)
                able += [dispute, partial(dispute, amount=200)]
        for told in book.disputes(NOW)[0]:
            if told.status in (DisputeStatus.NEEDS_RESPONSE, DisputeStatus.UNDER_REVIEW):
                close = partial(book.close_dispute, told.reference)
                able += [partial(book.respond, told.reference), partial(close, won=True), partial(close, won=False)]
        if able:
            with suppress(TradepostError):  # there may be nothing left to dispute
                able[-1 - choice % len(able)]()

    @rule(again=st.lists(st.integers(0, 30), max_size=4), work=st.booleans(), at=deaths)
    def hear(self, again: list[int], work: bool, at: int) -> None:
        """What the gateway has to tell now, and old events again, in any order; with or without dealing with them."""
        self.sent += [waiting.event for waiting in self.money.book.due_events()]
        told = [self.sent[place % len(self.sent)] for place in again if self.sent]

        async def heard() -> None:
            for event in told:
                await self.money.hear(signed(event, WORD, self.money.clock.now()))
            await self.money.deliver()
            if work:
                await self.money.work_off()

        self._do(heard(), at)

    @rule(minutes=st.sampled_from((0, 1, 2, 6, 16)), at=deaths)
    def recover(self, minutes: int, at: int) -> None:
        self.money.clock.advance(timedelta(minutes=minutes))
        self._do(self.money.shop.recover_operations(), at)

    @rule(job=st.sampled_from(("expire", "balance", "paid out", "seal", "snapshots", "work off")), at=deaths)
    def work(self, job: str, at: int) -> None:
        shop = self.money.shop
        if job == "paid out":
            self.money.book.pay_out()
        jobs = {
            "expire": shop.expire_orders,
            "seal": shop.seal_ledger,
            "snapshots": shop.take_snapshots,
            "work off": self.money.work_off,
        }
        self._do(jobs.get(job, shop.book_balance)(), at)

    # -- what must hold

    @invariant()
    def every_book_is_right(self) -> None:
        self._loop.run(self.money.check())

    def teardown(self) -> None:
        async def rest() -> None:
            await self.money.come_to_rest()
            await self.money.check_rest()

        try:
            self._loop.run(rest())
        finally:
            self._loop.close()

    async def _kept(self, command: PlaceOrderCommand) -> bool:
        async def work(tx: Any) -> bool:
            key = command.idempotency
            return key is not None and await tx.idempotency.find(key.scope, key.key) is not None

        found: bool = await self.money.backend.transactions.run(work)
        return found


def _again(command: PlaceOrderCommand) -> PlaceOrderCommand:
    """The same, with a key that was not replayed yet."""
    key = command.idempotency
    assert key is not None
    fresh = IdempotencyKey(scope=key.scope, key=key.key, fingerprint=key.fingerprint)
    return msgspec.structs.replace(command, idempotency=fresh)


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """For an answer that can not come, because whoever would bring it is this very task."""
    monkeypatch.setitem(run_once.__kwdefaults__, "wait_seconds", 0.0)


TestMoney = pytest.mark.timeout(max(120, EXAMPLES))(MoneyMachine.TestCase)
TestMoney.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
