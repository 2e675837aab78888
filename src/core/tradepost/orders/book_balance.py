"""Post what gateways kept and paid out, and learn of disputes and of refunds that failed where no event told."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

from tradepost.kernel.access import system
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.errors import NotFound, TradepostError
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.ledger.bookkeeping import Booking, Bookkeeper
from tradepost.ledger.ports import PostingTx
from tradepost.orders.operation_runner import OperationRunner
from tradepost.orders.record_dispute import RecordDispute
from tradepost.payments.balance import DISPUTED, HasGatewayBalances, bookings_of
from tradepost.payments.comparison import concern_of, keys_of
from tradepost.payments.gateway import BalanceKind, BalanceLine, GatewayDispute, PaymentGateway
from tradepost.payments.payment import Operation, OperationStatus
from tradepost.payments.ports import HasPayments
from tradepost.payments.reconciliation import Matter, SettledMoney

OVERLAP = timedelta(days=2)
"""How much of what was read is read again each time: lines appear late."""


class BookBalanceTx(PostingTx, HasGatewayBalances, HasPayments, Protocol):
    """What booking a balance touches."""


class BookBalance:
    """Reads every gateway's balance from where it was read to, and some time before that. What is posted is posted under
    the line's own id, once: a crash in between, two workers at it, and lines that are read again do no harm, and a page
    with nothing new in it costs one query.

    Gives how many transfers were posted. A gateway that does not answer is read the next time, and holds back no other.
    """

    access = the_shop_itself()

    def __init__(
        self,
        transactions: Transactions[BookBalanceTx],
        gateways: Mapping[str, PaymentGateway],
        settled: SettledMoney,
        runner: OperationRunner,
        record_dispute: RecordDispute,
        clock: Clock,
        ids: TypeIds,
    ) -> None:
        self._transactions = transactions
        self._gateways = gateways
        self._settled = settled
        self._runner = runner
        self._record_dispute = record_dispute
        self._clock = clock
        self._ids = ids

    async def __call__(self) -> int:
        posted, failed = 0, None
        for name, gateway in self._gateways.items():
            try:
                posted += await self._read(name, gateway)
            except TradepostError as error:
                failed = error
        if failed is not None:
            raise failed
        return posted

    async def _read(self, name: str, gateway: PaymentGateway) -> int:
        now = self._clock.now()
        since = await self._since(name)
        if since is None:
            return 0
        posted = 0
        async for told in _disputes(gateway, since):
            await self._record_dispute.record(name, told)
        cursor = None
        while True:
            lines, cursor = await gateway.balance(since, cursor=cursor)
            posted += await self._page(name, lines)
            if cursor is None:
                break

        async def note(tx: BookBalanceTx) -> None:
            await tx.gateway_balances.has_read(name, now)

        await self._transactions.run(note)
        return posted

    async def _since(self, name: str) -> datetime | None:
        """Before the first payment there is nothing of ours in a balance; None when there was none yet."""

        async def look(tx: BookBalanceTx) -> datetime | None:
            return await tx.gateway_balances.read_to(name)

        read_to = await self._transactions.run(look) or await self._settled.first_payment(name)
        return None if read_to is None else read_to - OVERLAP

    async def _page(self, name: str, lines: Sequence[BalanceLine]) -> int:
        """Post what is new of a page."""
        await self._ask_about_disputes(name, [line for line in lines if line.kind in DISPUTED])
        await self._ask_about_refunds(name, [line for line in lines if line.kind is BalanceKind.REFUND_FAILED])
        now, by = self._clock.now(), system("balance").id
        drafts = {each.reference: line for line in lines for each in bookings_of(name, line, None, by=by, at=now)}
        if not drafts:
            return 0

        async def look(tx: BookBalanceTx) -> frozenset[str]:
            return await tx.ledger_transfers.posted(drafts)

        there = await self._transactions.run(look)
        news = {line.id: line for reference, line in drafts.items() if reference not in there}.values()
        if not news:
            return 0
        concerns = await self._settled.concerns(name, keys_of(news))
        bookings: list[Booking] = []
        for line in news:
            concern = concern_of(line, concerns)
            bookings += bookings_of(name, line, None if concern is None else concern.order_id, by=by, at=now)

        async def work(tx: BookBalanceTx) -> int:
            there = await tx.ledger_transfers.posted([booking.reference for booking in bookings])
            left = [booking for booking in bookings if booking.reference not in there]
            await Bookkeeper(tx.ledger_accounts, tx.ledger_transfers, {}, self._ids.new).book(left)
            return len(left)

        return await self._transactions.run(work)

    async def _ask_about_disputes(self, name: str, lines: Sequence[BalanceLine]) -> None:
        """Of which the ledger knows nothing to the same amount."""
        if not lines:
            return
        concerns = await self._settled.concerns(name, keys_of(lines))
        payments = {concern.payment_id for concern in concerns.values()}
        movements = await self._settled.of(name, payments=payments, transfers=())
        known = Counter((each.payment_id, each.amount) for each in movements if each.matter is Matter.DISPUTE)
        for line in lines:
            concern = concern_of(line, concerns)
            what = (None if concern is None else concern.payment_id, line.amount)
            if known[what]:
                known[what] -= 1
            elif line.reference is not None:
                await self._record_dispute(name, line.reference)

    async def _ask_about_refunds(self, name: str, lines: Sequence[BalanceLine]) -> None:
        """That have failed after all, which we do not know yet."""
        if not lines:
            return

        async def look(tx: BookBalanceTx) -> list[Operation]:
            found = []
            for line in lines:
                with suppress(NotFound):  # it may be somebody else's who uses the same account
                    found.append(await tx.operations.get(line.operation_id or ""))
            return found

        for operation in await self._transactions.run(look):
            if operation.status is not OperationStatus.FAILED:
                await self._runner.ask(operation, name)


async def _disputes(gateway: PaymentGateway, since: datetime) -> AsyncIterator[GatewayDispute]:
    cursor = None
    while True:
        page, cursor = await gateway.disputes(since, cursor=cursor)
        for told in page:
            yield told
        if cursor is None:
            return
