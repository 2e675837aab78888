"""What every store keeps to about our money at gateways: what the ledger says of it, and how far a balance was read."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.kernel.transactions import Transactions
from tradepost.ledger.bookkeeping import Booking, Bookkeeper
from tradepost.ledger.chart import CLEARING, REVENUE
from tradepost.ledger.ports import PostingTx
from tradepost.ledger.transfer import Posting
from tradepost.orders.order import Order, OrderStatus
from tradepost.orders.ports import OrderTx
from tradepost.payments import gateway
from tradepost.payments.balance import HasGatewayBalances
from tradepost.payments.dispute import Dispute
from tradepost.payments.gateway import DisputeStatus, GatewayRequest
from tradepost.payments.payment import Method, Operation, OperationStatus, Payment, Refund
from tradepost.payments.ports import HasDisputes
from tradepost.payments.reconciliation import Concern, Matter, Movement, SettledMoney

_AT = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)
_ids = TypeIds()


class SettledMoneyTx(OrderTx, HasDisputes, HasGatewayBalances, PostingTx, Protocol):
    """What writing down settled money touches."""


class SettledMoneyAdapter(Protocol):
    """A store under test, empty at the start of each test."""

    @property
    def transactions(self) -> Transactions[SettledMoneyTx]: ...

    @property
    def settled_money(self) -> SettledMoney: ...


def euros(cents: int) -> Money:
    return Money(cents, "EUR")


class Cashier:
    """Writes down what shops write down when money moves."""

    def __init__(self, adapter: SettledMoneyAdapter) -> None:
        self._run = adapter.transactions.run
        self.settled = adapter.settled_money

    async def do(self, *steps: Callable[[SettledMoneyTx], Awaitable[Any]]) -> None:
        async def work(tx: SettledMoneyTx) -> None:
            for step in steps:
                await step(tx)

        await self._run(work)

    async def order(self, number: int, *payments: str, at: str = "stripe", made: datetime = _AT) -> None:
        """With payments that the gateway calls after our ids of them: `auth_a` is of `a`."""
        nothing, total = euros(0), euros(5000)
        order = Order(
            id=f"order_{number}",
            number=number,
            currency="EUR",
            status=OrderStatus.PLACED,
            lines=(),
            shipping=None,
            subtotal=total,
            shipping_total=nothing,
            tax=nothing,
            total=total,
            created_at=_AT,
            placed_at=_AT,
        )
        await self.do(lambda tx: tx.orders.add(order))
        for name in payments:
            payment = Payment(
                id=name,
                order_id=order.id,
                method=Method.CARD,
                amount=total,
                created_at=made,
                gateway=at,
                reference=f"auth_{name}",
            )
            await self.do(lambda tx, payment=payment: tx.payments.add(payment))  # type: ignore[misc]

    async def operation(
        self, name: str, payment: str, order: int, *, began: datetime, settled: datetime, refund: str | None = None
    ) -> None:
        request: GatewayRequest = gateway.Capture(operation_id=name, reference=f"auth_{payment}", amount=euros(1))
        if refund is not None:
            request = gateway.Refund(operation_id=name, reference=f"auth_{payment}", amount=euros(1))
        operation = Operation(
            id=name,
            payment_id=payment,
            order_id=f"order_{order}",
            request=request,
            created_at=began,
            lease_until=began,
            status=OperationStatus.SUCCEEDED,
            refund_id=refund,
            settled_at=settled,
        )
        await self.do(lambda tx: tx.operations.add(operation))

    async def refund(self, name: str, payment: str, order: int) -> None:
        refund = Refund(
            id=name,
            payment_id=payment,
            order_id=f"order_{order}",
            amount=euros(1),
            reason="",
            created_by="test",
            created_at=_AT,
        )
        await self.do(lambda tx: tx.refunds.add(refund))

    async def dispute(self, name: str, payment: str, order: int, *, opened: datetime = _AT) -> None:
        dispute = Dispute(
            id=name,
            payment_id=payment,
            order_id=f"order_{order}",
            gateway="stripe",
            reference=f"at_stripe_{name}",
            amount=euros(1),
            reason="fraudulent",
            status=DisputeStatus.NEEDS_RESPONSE,
            opened_at=opened,
            recorded_at=opened,
        )
        await self.do(lambda tx: tx.disputes.add(dispute))

    async def post(
        self,
        reference: str,
        cents: int,
        order: int | None = None,
        *,
        at: datetime = _AT,
        gateway: str = "stripe",
        currency: str = "EUR",
    ) -> None:
        """What moved our balance at the gateway, from or to revenue."""
        subject, money = None if order is None else f"order_{order}", Money(cents, currency)
        postings = (
            Posting.of_signed(CLEARING.of(currency, gateway), money, subject),
            Posting.of_signed(REVENUE.of(currency), -money, subject),
        )
        booking = Booking.of(reference, postings, actor="test", at=at)

        async def book(tx: SettledMoneyTx) -> None:
            await Bookkeeper(tx.ledger_accounts, tx.ledger_transfers, {}, _ids.new).book([booking])

        await self.do(book)

    async def of(self, *payments: str, transfers: tuple[str, ...] = ()) -> set[Movement]:
        found = await self.settled.of("stripe", payments=payments, transfers=transfers)
        assert len(found) == len(set(found))
        return set(found)

    async def between(self, begin: datetime, end: datetime, *, most: int = 100) -> list[Movement]:
        """Page by page."""
        found: list[Movement] = []
        cursor = None
        while True:
            page = await self.settled.between(CLEARING.of("EUR", "stripe"), begin, end, cursor=cursor, most=most)
            assert len(page.items) <= most
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found


def moved(transfer: str, cents: int, order: int | None, payment: str | None, at: datetime = _AT) -> Movement:
    order_id = None if order is None else f"order_{order}"
    return Movement(transfer=transfer, amount=euros(cents), at=at, order_id=order_id, payment_id=payment)


class SettledMoneyContract:
    """Subclass it with a fixture `adapter`."""

    @pytest.fixture
    def cashier(self, adapter: SettledMoneyAdapter) -> Cashier:
        return Cashier(adapter)

    async def test_what_something_is_about_is_known_by_the_gateways_names_and_by_ours(self, cashier: Cashier) -> None:
        await cashier.order(1, "pay_a", "pay_b")
        await cashier.operation("op_b", "pay_b", 1, began=_AT, settled=_AT)
        await cashier.dispute("dp_a", "pay_a", 1)
        asked = ["auth_pay_a", "op_b", "at_stripe_dp_a", "auth_x", "it's", ""]
        a, b = (Concern(payment_id=name, order_id="order_1") for name in ("pay_a", "pay_b"))
        found = await cashier.settled.concerns("stripe", asked)
        assert found == {"auth_pay_a": a, "op_b": b, "at_stripe_dp_a": a}
        assert await cashier.settled.concerns("stripe", []) == {}

    async def test_what_is_at_another_gateway_is_about_nothing_here(self, cashier: Cashier) -> None:
        await cashier.order(1, "pay_a", at="other")
        await cashier.operation("op_a", "pay_a", 1, began=_AT, settled=_AT)
        assert await cashier.settled.concerns("stripe", ["auth_pay_a", "op_a"]) == {}
        assert len(await cashier.settled.concerns("other", ["auth_pay_a", "op_a"])) == 2

    async def test_all_that_moved_for_a_payment_is_told_and_nothing_of_another(self, cashier: Cashier) -> None:
        await cashier.order(1, "pay_a", "pay_ab")
        await cashier.refund("re_a", "pay_a", 1)
        await cashier.refund("re_ab", "pay_ab", 1)
        await cashier.dispute("dp_a", "pay_a", 1)
        await cashier.dispute("dp_ab", "pay_ab", 1)
        for reference, cents in (
            ("capture:pay_a:300", 300),
            ("capture:pay_a:500", 200),
            ("refund:re_a", -100),
            ("refund_failed:re_a", 100),
            ("dispute:dp_a:2", -50),
            ("dispute:dp_a:3", 50),
            ("capture:pay_ab:7", 7),
            ("refund:re_ab", -7),
            ("dispute:dp_ab:2", -1),
            ("fee:stripe:txn_1", -30),
            ("placed:order_1", 9),
        ):
            await cashier.post(reference, cents, 1)
        assert await cashier.of("pay_a") == {
            moved("capture:pay_a:300", 300, 1, "pay_a"),
            moved("capture:pay_a:500", 200, 1, "pay_a"),
            moved("refund:re_a", -100, 1, "pay_a"),
            moved("refund_failed:re_a", 100, 1, "pay_a"),
            moved("dispute:dp_a:2", -50, 1, "pay_a"),
            moved("dispute:dp_a:3", 50, 1, "pay_a"),
        }
        assert len(await cashier.of("pay_a", "pay_ab")) == 9
        assert await cashier.of() == set()

    async def test_what_was_posted_under_a_reference_is_told(self, cashier: Cashier) -> None:
        await cashier.order(1, "pay_a")
        await cashier.post("fee:stripe:txn_1", -30, 1)
        await cashier.post("payout:stripe:txn_2", -500)
        await cashier.post("payout:stripe:txn_3", -500)
        found = await cashier.of(transfers=("fee:stripe:txn_1", "payout:stripe:txn_2", "payout:stripe:txn_9"))
        assert found == {moved("fee:stripe:txn_1", -30, 1, None), moved("payout:stripe:txn_2", -500, None, None)}
        assert {each.matter for each in found} == {Matter.FEE, Matter.PAYOUT}

    async def test_only_what_moved_at_the_gateway_is_told(self, cashier: Cashier) -> None:
        await cashier.order(1, "pay_a")
        await cashier.post("capture:pay_a:1", 1, 1, gateway="stripe2")
        await cashier.post("capture:pay_a:2", 2, 1, currency="JPY")
        assert [each.amount for each in await cashier.of("pay_a")] == [Money(2, "JPY")]

    async def test_a_period_is_told_in_order_a_page_at_a_time(self, cashier: Cashier) -> None:
        for number in range(7):
            await cashier.post(f"payout:stripe:{number}", -number - 1, at=_AT + (number % 3) * _MINUTE)
        await cashier.post("payout:other:1", -1, gateway="other")
        await cashier.post("payout:stripe:jpy", -1, currency="JPY")
        expected = [f"payout:stripe:{number}" for number in (0, 3, 6, 1, 4, 2, 5)]
        for most in (1, 2, 3, 7, 100):
            found = await cashier.between(_AT, _AT + _DAY, most=most)
            assert [each.transfer for each in found] == expected
        found = await cashier.between(_AT + _MINUTE, _AT + 2 * _MINUTE)
        assert [each.transfer for each in found] == ["payout:stripe:1", "payout:stripe:4"]
        assert await cashier.between(_AT + _DAY, _AT + 2 * _DAY) == []

    async def test_a_posting_tells_when_what_brought_it_was_asked_for(self, cashier: Cashier) -> None:
        await cashier.order(1, "pay_a")
        await cashier.refund("re_a", "pay_a", 1)
        await cashier.dispute("dp_a", "pay_a", 1, opened=_AT - 9 * _DAY)
        later = _AT + _MINUTE
        await cashier.operation("op_a", "pay_a", 1, began=_AT - _DAY, settled=_AT)
        await cashier.operation("op_b", "pay_a", 1, began=_AT - 2 * _DAY, settled=later)
        await cashier.operation("op_c", "pay_a", 1, began=_AT - 3 * _DAY, settled=_AT, refund="re_a")
        for reference, at in (
            ("capture:pay_a:1", _AT),
            ("capture:pay_a:2", later),
            ("refund:re_a", later),
            ("refund_failed:re_a", later),
            ("dispute:dp_a:2", later),
            ("fee:stripe:txn_1", later),
        ):
            await cashier.post(reference, 1, 1, at=at)
        found = {each.transfer: (each.at, each.began_at) for each in await cashier.between(_AT, _AT + _DAY)}
        assert found == {
            "capture:pay_a:1": (_AT, _AT - _DAY),
            "capture:pay_a:2": (later, _AT - 2 * _DAY),
            "refund:re_a": (later, _AT - 3 * _DAY),
            "refund_failed:re_a": (later, _AT - 3 * _DAY),
            "dispute:dp_a:2": (later, _AT - 9 * _DAY),
            "fee:stripe:txn_1": (later, later),
        }

    async def test_the_first_payment_through_a_gateway_is_known(self, cashier: Cashier) -> None:
        assert await cashier.settled.first_payment("stripe") is None
        await cashier.order(1, "pay_a", made=_AT + _DAY)
        await cashier.order(2, "pay_b", made=_AT)
        await cashier.order(3, "pay_c", at="other", made=_AT - _DAY)
        assert await cashier.settled.first_payment("stripe") == _AT

    async def test_how_far_a_balance_was_read_is_kept_for_each_gateway_and_never_goes_back(
        self, adapter: SettledMoneyAdapter
    ) -> None:
        async def has_read(name: str, to: datetime) -> None:
            async def work(tx: SettledMoneyTx) -> None:
                await tx.gateway_balances.has_read(name, to)

            await adapter.transactions.run(work)

        async def read_to(tx: SettledMoneyTx) -> list[datetime | None]:
            return [await tx.gateway_balances.read_to(name) for name in ("stripe", "other", "third")]

        assert await adapter.transactions.run(read_to) == [None, None, None]
        await asyncio.gather(*(has_read("stripe", _AT + number * _MINUTE) for number in range(8)))
        await has_read("stripe", _AT)
        await has_read("other", _AT)
        assert await adapter.transactions.run(read_to) == [_AT + 7 * _MINUTE, _AT, None]
