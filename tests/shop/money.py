"""A shop whose gateway tells what happens, may fail by a script, and keeps books that ours are held against.

`MoneyShop` reaches every await point of the shop, so that a process may die at each of them, and plays the three others
who have a part in the money: the gateway that sends events, the buyer's bank, and the clock.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.shop.conftest import NOW, OWNER, SECRET, Stand
from tests.shop.histories import Whole
from tests.shop.points import Killed, Points, Watched, WatchedBackend

from tradepost.kernel.clock import ManualClock
from tradepost.kernel.errors import TradepostError
from tradepost.kernel.pages import PageRequest
from tradepost.ledger.ports import PostingFilter
from tradepost.ledger.transfer import Side
from tradepost.ledger.verify_ledger import VerifyLedgerQuery
from tradepost.ledger.views import PostingView
from tradepost.orders import CheckBooksQuery, ListOrdersQuery, OrderPolicy, OrderStatus
from tradepost.orders.order import ENDED
from tradepost.orders.process_webhook import EventTooEarly
from tradepost.orders.settlement import ORDER_ENDED
from tradepost.payments.gateway import Approved, BalanceKind, BalanceLine, Declined, GatewayEntry, Pending
from tradepost.payments.payment import OperationStatus, Payment, RefundStatus
from tradepost.payments.receive_webhook import ReceiveWebhookCommand
from tradepost.payments.reconcile_payments import ReconcilePaymentsQuery
from tradepost.pricing.set_tax_rate import SetTaxRateCommand
from tradepost.shop import Shop
from tradepost_adapters.simulated_gateway import Book, SimulatedGateway
from tradepost_adapters.simulated_gateway.balance import Tariff
from tradepost_adapters.simulated_gateway.book import Terms
from tradepost_adapters.simulated_gateway.webhooks import SignedEvent, SimulatedWebhooks, signed

WORD = "the word that gateway and shop share"
BUGS = frozenset({"aggregate.stale", "stock.insufficient"})
"""What nobody may be told here: no two things happen at the same instant, and there is enough of everything."""
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
TERMS = Terms(events=True, tariff=Tariff.parse("1.4%+25"))


class InTransaction:
    """Transactions with one more point where a process may die: when all is written and nothing is committed."""

    def __init__(self, inner: Any, points: Points) -> None:
        self._inner, self._points = inner, points

    async def run(self, work: Any, /) -> Any:
        async def watched(tx: Any) -> Any:
            result = await work(tx)
            self._points.passed()
            return result

        return await self._inner.run(watched)


class MoneyShop:
    """`within`: a process may also die inside a transaction, which only memory takes as calmly as a real database does."""

    def __init__(self, backend: Any, *, within: bool = False, terms: Terms = TERMS) -> None:
        self.clock = ManualClock(NOW)
        self.points = Points()
        self.book = Book.in_memory(clock=self.clock, terms=terms)
        self.gateway = SimulatedGateway(self.book, slow_seconds=0, timeout_seconds=0)
        watched = WatchedBackend(backend, self.points)
        if within:
            watched.transactions = Watched(InTransaction(backend.transactions, self.points), self.points, "run")
        self.shop = Shop(
            watched,
            gateway=Watched(self.gateway, self.points, "send", "find", "dispute"),  # type: ignore[arg-type]
            webhooks={"simulated": SimulatedWebhooks([WORD])},
            secret=SECRET,
            policy=OrderPolicy(home_country="DE"),
            clock=self.clock,
        )
        self.backend = backend
        self.stand = Stand(self.shop, backend, self.gateway, self.clock)
        self.died = False
        self._jobs: list[str] = []

    async def stock_up(self) -> None:
        """Something to sell, with the tax in its price."""
        await self.shop.set_tax_rate(SetTaxRateCommand(actor=OWNER, country="DE", category="standard", rate="19"))
        await self.stand.sell("MUG", price=1000, stock=1000)
        await self.stand.sell("ODD", price=333, stock=None)

    # -- the others

    async def hear(self, event: SignedEvent) -> str:
        """An event comes in; a job will deal with it."""
        command = ReceiveWebhookCommand(gateway="simulated", headers=event.headers, body=event.body)
        receipt = await self.shop.receive_webhook(command)
        if receipt.id not in self._jobs:
            self._jobs.append(receipt.id)
        return receipt.id

    async def deliver(self) -> None:
        """The gateway sends what it has to tell by now, again and again until it is taken."""
        for waiting in self.book.due_events():
            for _ in range(waiting.copies):
                await self.hear(signed(waiting.event, WORD, self.clock.now()))
                self.book.event_sent(waiting.event.id, arrived=True)

    async def work_off(self) -> None:
        """Every job has its turn; one that is too early comes again."""
        for event_id in list(self._jobs):
            with suppress(EventTooEarly, TradepostError):
                await self.shop.process_webhook({"gateway": "simulated", "id": event_id})
                self._jobs = [each for each in self._jobs if each != event_id]

    async def tell(self) -> None:
        await self.deliver()
        await self.work_off()

    async def survive(self, at: int, step: Any) -> None:
        """Take the step in a process that dies at its `at`-th await point (0: it lives), or is refused. Below zero: at that
        point everything the gateway has to tell is dealt with."""
        self.points.arm(abs(at), self.tell if at < 0 else None)
        try:
            await step
        except Killed:
            pass
        except TradepostError as refusal:
            if refusal.code in BUGS:
                raise
        self.died = self.points.dead
        self.points.arm(0, None)

    async def come_to_rest(self) -> None:
        """Recovery, expiry, events and time alone have to bring everything to its one right end."""
        for _ in range(13):
            for entry in self.entries():
                if isinstance(entry.answer, Pending):
                    self.book.settle_refund(entry.operation_id, succeeded=True)
            await self.shop.recover_operations()
            await self.shop.expire_orders()
            await self.tell()
            await self.shop.book_balance()
            self.clock.advance(timedelta(minutes=6))
        assert self._jobs == [], "an event was not dealt with"
        await self.shop.seal_ledger()
        await self.shop.take_snapshots()

    # -- what is written down

    async def order_ids(self) -> list[str]:
        page = await self.backend.order_views.list(_EVERY, PageRequest(limit=100, sort="number"))
        return [each.id for each in page.items]

    async def wholes(self) -> list[Whole]:
        """Every order there is."""
        ids = await self.order_ids()

        async def work(tx: Any) -> list[Whole]:
            wholes = []
            for id_ in ids:
                payments = await tx.payments.of_order(id_)
                operations = [each for payment in payments for each in await tx.operations.of_payment(payment.id)]
                wholes.append(
                    Whole(await tx.orders.get(id_), payments, tuple(operations), await tx.refunds.of_order(id_))
                )
            return wholes

        found: list[Whole] = await self.backend.transactions.run(work)
        return found

    async def postings(self) -> list[PostingView]:
        """The whole ledger."""
        found: list[PostingView] = []
        cursor: str | None = None
        while True:
            request = PageRequest(limit=100, cursor=cursor, sort="position")
            page = await self.backend.ledger_views.postings(PostingFilter(), request)
            found += page.items
            if (cursor := page.next_cursor) is None:
                return found

    def entries(self) -> list[GatewayEntry]:
        """The gateway's own book."""
        return list(_paged(self.book.entries))

    def lines(self) -> list[BalanceLine]:
        """The gateway's own balance."""
        return list(_paged(self.book.balance))

    # -- what must hold

    async def check(self) -> None:
        """After every step, whatever it left unfinished."""
        wholes = await self.wholes()
        for whole in wholes:
            check_amounts(whole)
        check_ledger(wholes, await self.postings())
        check_book(wholes, self.entries())
        wrong = {
            view.name: view.example
            for view in await self.shop.check_books(CheckBooksQuery(actor=OWNER))
            if not view.passed
        }
        if wrong.get("orders.settled") and any(map(_needs_a_person, wholes)):
            del wrong["orders.settled"]
        assert wrong == {}
        verified = await self.shop.verify_ledger(VerifyLedgerQuery(actor=OWNER))
        assert verified.sound, verified

    async def check_rest(self) -> None:
        """At rest nothing is open, and both sides say the same of every payment."""
        await self.check()
        wholes, entries = await self.wholes(), self.entries()
        ours = {operation.id: operation for whole in wholes for operation in whole.operations}
        assert {entry.operation_id for entry in entries} <= ours.keys()
        for entry in entries:
            operation = ours[entry.operation_id]
            if entry.kind == "authorize" and operation.failure_code == "expired":  # let go of before we knew of it
                assert self.book.authorization(entry.reference).captured == 0
                continue
            assert (operation.status is OperationStatus.SUCCEEDED) == isinstance(entry.answer, Approved), entry
        for whole in wholes:
            assert all(operation.settled for operation in whole.operations), "an operation is still open"
            assert whole.order.status is not OrderStatus.PENDING
            for payment in whole.payments:
                assert payment.capturing == payment.refunding == 0
                if payment.gateway is not None:
                    self._check_payment(payment, _given_back(whole, payment))
            if whole.order.status in ENDED and not _needs_a_person(whole):
                assert whole.order.captured <= whole.order.refunded + whole.order.disputed, "money was kept"
        await self._check_balance(wholes)

    def _check_payment(self, payment: Payment, given_back: int) -> None:
        if payment.reference is None:
            assert payment.authorized == 0
            return
        there = self.book.authorization(payment.reference)
        assert (payment.captured, payment.disputed) == (there.captured, there.disputed)
        assert given_back == there.refunded

    async def _check_balance(self, wholes: list[Whole]) -> None:
        """Line by line: what the gateway's balance says moved is what our books say did, and nothing else."""
        moved: Counter[tuple[str, str]] = Counter()
        owner = {dispute.reference: dispute.payment_reference for dispute in _paged(self.book.disputes)}
        lines = self.lines()
        for line in lines:
            if line.kind in _ABOUT:
                reference = line.reference or ""
                moved[owner.get(reference, reference), _ABOUT[line.kind]] += line.amount.amount
        for whole in wholes:
            for payment in whole.payments:
                ours = (payment.captured, -_given_back(whole, payment), -payment.disputed)
                if payment.gateway is not None:
                    reference = payment.reference or ""
                    assert ours == tuple(moved.pop((reference, what), 0) for what in ("charge", "refund", "dispute"))
        assert not any(moved.values()), "the gateway knows of money that we do not"
        compared = await self.shop.reconcile_payments(
            ReconcilePaymentsQuery(actor=OWNER, gateway="simulated", at_from=BEGINNING, at_before=self.clock.now())
        )
        assert compared.agreed, compared
        assert compared.at_the_edge == ()
        there = sum(line.amount.amount - line.fee for line in lines)
        assert sum(total.clearing.amount for total in compared.totals) == there


def signed_of(posting: PostingView) -> int:
    return posting.amount.amount if posting.side is Side.DEBIT else -posting.amount.amount


def check_amounts(whole: Whole) -> None:
    """Never more captured than authorized, or given back than captured; an order is the sum of its payments."""
    order, payments = whole.order, whole.payments
    for payment in payments:
        assert 0 <= payment.refunded + payment.refunding <= payment.captured
        assert payment.captured + payment.capturing <= payment.authorized <= payment.amount.amount
        assert min(payment.capturing, payment.refunding, payment.disputed, payment.refunded) >= 0
    for amount in ("authorized", "captured", "refunded", "disputed"):
        assert getattr(order, amount) == sum(getattr(payment, amount) for payment in payments)
    assert order.authorized <= order.total.amount
    by_status: Counter[RefundStatus] = Counter()
    for refund in whole.refunds:
        by_status[refund.status] += refund.amount.amount
    assert by_status[RefundStatus.SUCCEEDED] == order.refunded
    assert by_status[RefundStatus.PENDING] == sum(payment.refunding for payment in payments)


def check_ledger(wholes: list[Whole], postings: list[PostingView]) -> None:
    """What is in the ledger about each order is what the order says; no wallet is below zero; all of it is zero."""
    about: Counter[tuple[str, str]] = Counter()
    accounts: Counter[str] = Counter()
    for posting in postings:
        accounts[posting.account] += signed_of(posting)
        about[posting.subject or "", posting.account.partition(":")[0]] += signed_of(posting)
    assert sum(accounts.values()) == 0
    for account, signed_ in accounts.items():
        assert not account.startswith("wallet:") or signed_ <= 0, f"{account} is below zero"
    for whole in wholes:
        order = whole.order
        found = {family: amount for (subject, family), amount in about.items() if subject == order.id}
        owed = order.total.amount if order.sold else order.refunded
        assert found.get("receivable", 0) == owed - order.captured
        there = sum(found.get(family, 0) for family in ("clearing", "wallet", "fees"))
        assert there == order.captured - order.refunded - order.disputed
        assert found.get("disputes", 0) == order.disputed
        tax = order.tax.amount - order.refunded_tax if order.sold else 0
        assert found.get("tax_payable", 0) == -tax


def check_book(wholes: list[Whole], entries: list[GatewayEntry]) -> None:
    """By the gateway's own book no payment is charged twice, nothing is taken or given back too much, and we never
    believe in a charge that is not there."""
    charges: Counter[str] = Counter()
    sums: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        if isinstance(entry.answer, Declined):
            continue
        if entry.kind in ("sale", "authorize") and isinstance(entry.answer, Approved):
            charges[entry.metadata["payment_id"]] += 1
        if isinstance(entry.answer, Approved | Pending) and entry.amount is not None:
            sums[entry.reference, entry.kind] += entry.amount.amount
    assert max(charges.values(), default=0) <= 1
    for whole in wholes:
        for payment in whole.payments:
            if payment.gateway is None or payment.reference is None:
                continue
            charged = sums[payment.reference, "sale"] + sums[payment.reference, "capture"]
            assert sums[payment.reference, "refund"] <= charged <= payment.amount.amount
            assert payment.captured <= charged


def _given_back(whole: Whole, payment: Payment) -> int:
    """Through its gateway; store credit is given by the shop itself."""
    return sum(
        refund.amount.amount
        for refund in whole.refunds
        if refund.payment_id == payment.id and refund.status is RefundStatus.SUCCEEDED and refund.wallet is None
    )


def _needs_a_person(whole: Whole) -> bool:
    """A gateway refuses to give back what an ended order has left there, or could not in the end: that is told, and
    not tried for ever."""
    return any(
        refund.status is RefundStatus.FAILED
        and (refund.reason == ORDER_ENDED or refund.failure_code == "refund_failed")
        for refund in whole.refunds
    )


def _paged(read: Any) -> Iterator[Any]:
    cursor: str | None = None
    while True:
        page, cursor = read(BEGINNING, cursor)
        yield from page
        if cursor is None:
            return


_ABOUT = {
    BalanceKind.CHARGE: "charge",
    BalanceKind.REFUND: "refund",
    BalanceKind.REFUND_FAILED: "refund",
    BalanceKind.DISPUTE: "dispute",
    BalanceKind.DISPUTE_REVERSED: "dispute",
}
_EVERY = ListOrdersQuery(actor=OWNER).wanted
