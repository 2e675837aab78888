"""What every store of orders and their money keeps to: what was written is read again, found by the gateway's own
reference, refused where somebody was faster, and what an order books is posted with it, once."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from datetime import UTC, datetime
from typing import Protocol

import pytest

from tradepost.kernel.access import operator
from tradepost.kernel.errors import NotFound
from tradepost.kernel.money import Money
from tradepost.kernel.pages import PageRequest
from tradepost.kernel.transactions import StaleVersion, Transactions
from tradepost.ledger.bookkeeping import Booking
from tradepost.ledger.chart import WALLET, account
from tradepost.ledger.ports import LedgerViews, PostingFilter, PostingTx
from tradepost.ledger.transfer import InsufficientFunds, Posting, Transfer, credit, debit
from tradepost.orders.order import Order, OrderStatus
from tradepost.orders.ports import OrderTx
from tradepost.payments.payment import Method, Payment, Refund, RefundLine, RefundStatus

_AT = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
_BY = operator("test")
_WALLET = WALLET.of("EUR", "cus_1")


class PaymentsTx(OrderTx, PostingTx, Protocol):
    """What writing down money touches."""


class PaymentsAdapter(Protocol):
    """A store under test."""

    @property
    def transactions(self) -> Transactions[PaymentsTx]: ...

    @property
    def ledger_views(self) -> LedgerViews: ...


def _euros(cents: int) -> Money:
    return Money(cents, "EUR")


def _order(number: int = 1) -> Order:
    return Order(
        id=f"order_{number}",
        number=number,
        currency="EUR",
        status=OrderStatus.PENDING,
        lines=(),
        shipping=None,
        subtotal=_euros(1190),
        shipping_total=_euros(0),
        tax=_euros(190),
        total=_euros(1190),
        created_at=_AT,
    )


def a_payment(number: int = 1, *, gateway: str | None = "stripe", reference: str | None = "ref_1") -> Payment:
    return Payment(
        id=f"pay_{number}",
        order_id="order_1",
        method=Method.CARD,
        amount=_euros(1190),
        created_at=_AT,
        gateway=gateway,
        reference=reference,
    )


def a_refund() -> Refund:
    return Refund(
        id="re_1",
        payment_id="pay_1",
        order_id="order_1",
        amount=_euros(119),
        tax=19,
        reason="late",
        created_by="user_1",
        created_at=_AT,
        lines=(RefundLine(line=1, quantity=2, restock=True),),
        wallet=_WALLET,
    )


async def place(adapter: PaymentsAdapter, *payments: Payment) -> None:
    """An order that is placed, with these payments."""

    async def work(tx: PaymentsTx) -> None:
        order = _order()
        order.place(by=_BY.id, at=_AT)
        await tx.orders.add(order)
        for payment in payments:
            await tx.payments.add(payment)

    await adapter.transactions.run(work)


async def _posted(adapter: PaymentsAdapter, subject: str = "order_1") -> dict[str, int]:
    """By account what was posted about it, debits above zero."""
    page = await adapter.ledger_views.postings(PostingFilter(subject=subject), PageRequest(limit=100))
    sums: dict[str, int] = {}
    for posting in page.items:
        sign = 1 if posting.side == "debit" else -1
        sums[posting.account] = sums.get(posting.account, 0) + sign * posting.amount.amount
    return dict(sorted(sums.items()))


async def _fill_wallet(adapter: PaymentsAdapter, cents: int) -> None:
    async def work(tx: PaymentsTx) -> None:
        await tx.ledger_accounts.add(account(_WALLET, "EUR", at=_AT))
        await tx.ledger_accounts.add(account("store_credit:EUR", "EUR", at=_AT))
        postings: tuple[Posting, ...] = (debit("store_credit:EUR", _euros(cents)), credit(_WALLET, _euros(cents)))
        transfer = Transfer(id="transfer_1", reference="gift", at=_AT, recorded_at=_AT, actor="test", postings=postings)
        await tx.ledger_transfers.append(transfer, changes={_WALLET: cents})

    await adapter.transactions.run(work)


class PaymentsContract:
    """Subclass it with a fixture `adapter`."""

    async def test_what_an_order_books_is_posted_with_it(self, adapter: PaymentsAdapter) -> None:
        await place(adapter)
        assert await _posted(adapter) == {"receivable:EUR": 1190, "revenue:EUR": -1000, "tax_payable:EUR": -190}

    async def test_a_booking_is_posted_once_however_often_the_order_is_saved(self, adapter: PaymentsAdapter) -> None:
        await place(adapter, a_payment())

        async def collect(tx: PaymentsTx) -> None:
            order, payment = await tx.orders.get("order_1"), await tx.payments.get("pay_1")
            payment.was_authorized("ref_1")
            order.money_authorized(1190, by=_BY.id, at=_AT)
            order.money_captured(payment, 1190, by=_BY.id, at=_AT)
            await tx.orders.save(order)
            await tx.orders.save(order)
            await tx.payments.save(payment)

        async def save(tx: PaymentsTx) -> None:
            await tx.orders.save(await tx.orders.get("order_1"))

        await adapter.transactions.run(collect)
        await adapter.transactions.run(save)
        assert await _posted(adapter) == {
            "clearing:stripe.EUR": 1190,
            "receivable:EUR": 0,
            "revenue:EUR": -1000,
            "tax_payable:EUR": -190,
        }

    async def test_a_transaction_that_fails_posts_nothing(self, adapter: PaymentsAdapter) -> None:
        async def work(tx: PaymentsTx) -> None:
            order = _order()
            order.place(by=_BY.id, at=_AT)
            await tx.orders.add(order)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await adapter.transactions.run(work)
        assert await _posted(adapter) == {}
        await place(adapter)  # accounts that were not opened after all are opened now
        assert (await _posted(adapter))["receivable:EUR"] == 1190

    async def test_the_same_is_not_posted_twice_by_two(self, adapter: PaymentsAdapter) -> None:
        await place(adapter)

        async def work(tx: PaymentsTx) -> None:
            order = await tx.orders.get("order_1")
            owed = (debit("receivable:EUR", _euros(1)), credit("revenue:EUR", _euros(1)))
            order.book(Booking.of("placed:order_1", owed, actor=_BY.id, at=_AT))
            await tx.orders.save(order)

        with pytest.raises(StaleVersion):
            await adapter.transactions.run(work)
        assert (await _posted(adapter))["receivable:EUR"] == 1190

    async def test_the_first_orders_of_a_shop_may_all_come_at_once(self, adapter: PaymentsAdapter) -> None:
        async def place(number: int) -> None:
            async def work(tx: PaymentsTx) -> None:
                order = _order(number)
                order.place(by=_BY.id, at=_AT)
                await tx.orders.add(order)

            await adapter.transactions.run(work)

        await asyncio.gather(*map(place, range(1, 6)))
        for number in range(1, 6):
            assert (await _posted(adapter, f"order_{number}"))["receivable:EUR"] == 1190

    async def test_a_wallet_pays_what_is_in_it_and_no_more(self, adapter: PaymentsAdapter) -> None:
        await _fill_wallet(adapter, 1500)

        async def work(tx: PaymentsTx) -> None:
            order = _order()
            order.id, order.number = f"order_{order_number}", order_number
            payment = a_payment(order_number, gateway=None, reference=_WALLET)
            payment.order_id, payment.method = order.id, Method.STORE_CREDIT
            payment.received(1190)
            order.money_authorized(1190, by=_BY.id, at=_AT)
            order.money_captured(payment, 1190, by=_BY.id, at=_AT)
            await tx.orders.add(order)
            await tx.payments.add(payment)

        order_number = 1
        await adapter.transactions.run(work)
        order_number = 2
        with pytest.raises(InsufficientFunds):
            await adapter.transactions.run(work)
        assert (await _posted(adapter))[_WALLET] == 1190
        assert await _posted(adapter, "order_2") == {}

    async def test_a_wallet_may_be_opened_by_what_goes_into_it(self, adapter: PaymentsAdapter) -> None:
        await place(adapter, a_payment())

        async def work(tx: PaymentsTx) -> None:
            order, payment = await tx.orders.get("order_1"), await tx.payments.get("pay_1")
            payment.was_authorized("ref_1")
            order.money_authorized(1190, by=_BY.id, at=_AT)
            order.money_captured(payment, 1190, by=_BY.id, at=_AT)
            payment.refunding = 119
            payment.refund_ended(119, succeeded=True)
            order.money_refunded(payment, a_refund(), by=_BY.id, at=_AT)
            await tx.payments.save(payment)
            await tx.orders.save(order)

        await adapter.transactions.run(work)
        assert (await _posted(adapter))[_WALLET] == -119

        async def left(tx: PaymentsTx) -> int:
            order = await tx.orders.get("order_1")
            assert (order.captured, order.refunded, order.refunded_tax) == (1190, 119, 19)
            return (await tx.ledger_accounts.balances([_WALLET]))[_WALLET]

        assert await adapter.transactions.run(left) == 119

    async def test_a_payment_is_found_by_what_its_gateway_calls_it(self, adapter: PaymentsAdapter) -> None:
        await place(adapter, a_payment(), a_payment(2, reference=None), a_payment(3, gateway="simulated"))

        async def work(tx: PaymentsTx) -> list[str | None]:
            found = [await tx.payments.by_reference(gateway, "ref_1") for gateway in ("stripe", "simulated", "other")]
            found.append(await tx.payments.by_reference("stripe", "ref_2"))
            return [None if each is None else each.id for each in found]

        assert await adapter.transactions.run(work) == ["pay_1", "pay_3", None, None]

    async def test_payments_and_refunds_are_read_as_they_were_written(self, adapter: PaymentsAdapter) -> None:
        await place(adapter, a_payment())

        async def work(tx: PaymentsTx) -> None:
            payment = await tx.payments.get("pay_1")
            payment.was_authorized("ref_2")
            payment.refunding, payment.disputed = 119, 7
            await tx.payments.save(payment)
            await tx.refunds.add(a_refund())

        async def end(tx: PaymentsTx) -> None:
            refund = await tx.refunds.get("re_1")
            refund.ended(succeeded=True, at=_AT)
            await tx.refunds.save(refund)

        async def read(tx: PaymentsTx) -> None:
            payment = await tx.payments.get("pay_1")
            assert (payment.reference, payment.captured, payment.disputed) == ("ref_2", 1190, 7)
            assert payment.version == 2
            (refund,) = await tx.refunds.of_order("order_1")
            assert (refund.tax, refund.wallet, refund.lines) == (19, _WALLET, a_refund().lines)
            assert (refund.status, refund.settled_at) == (RefundStatus.SUCCEEDED, _AT)
            with pytest.raises(NotFound):
                await tx.payments.get("pay_2")

        for step in (work, end, read):
            await adapter.transactions.run(step)

    async def test_who_read_an_older_version_is_refused_and_has_posted_nothing(self, adapter: PaymentsAdapter) -> None:
        await place(adapter, a_payment())

        async def read(tx: PaymentsTx) -> tuple[Order, Payment]:
            return await tx.orders.get("order_1"), await tx.payments.get("pay_1")

        async def change(tx: PaymentsTx) -> None:
            for order, payment in (await read(tx),):
                await tx.orders.save(order)
                await tx.payments.save(payment)

        order, payment = await adapter.transactions.run(read)
        await adapter.transactions.run(change)

        async def late_order(tx: PaymentsTx) -> None:
            order.book(Booking.of("late", (debit("receivable:EUR", _euros(1)),), actor=_BY.id, at=_AT))
            await tx.orders.save(order)

        async def late_payment(tx: PaymentsTx) -> None:
            await tx.payments.save(payment)

        for late in (late_order, late_payment):
            with pytest.raises(StaleVersion):
                await adapter.transactions.run(late)
        assert (await _posted(adapter))["receivable:EUR"] == 1190
