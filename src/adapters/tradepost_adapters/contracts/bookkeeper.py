"""Keeps the books of an adapter of the ledger, for the suites that hold it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from tradepost.kernel.access import operator
from tradepost.kernel.clock import ManualClock
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.kernel.pages import PageRequest
from tradepost.kernel.transactions import Transactions
from tradepost.ledger.account import AccountType
from tradepost.ledger.open_account import OpenAccount, OpenAccountCommand
from tradepost.ledger.ports import (
    LedgerAudit,
    LedgerBalances,
    LedgerTx,
    LedgerViews,
    PostingFilter,
)
from tradepost.ledger.post_transfer import PostTransfer, PostTransferCommand
from tradepost.ledger.seal_ledger import SealLedger
from tradepost.ledger.take_snapshots import TakeSnapshots
from tradepost.ledger.transfer import Posting, Transfer, credit, debit
from tradepost.ledger.verify_ledger import VerifyLedger, VerifyLedgerQuery
from tradepost.ledger.views import AccountView, LedgerTransferView, VerificationView

NOW = datetime(2026, 3, 10, 12, 30, 15, 123456, tzinfo=UTC)
DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
_PATIENCE = 500
_PAUSE = 0.02
_OPERATOR = operator("test")
ids = TypeIds()


class LedgerAdapter(Protocol):
    """An adapter under test, empty at the start of each test."""

    @property
    def transactions(self) -> Transactions[LedgerTx]: ...

    @property
    def ledger_views(self) -> LedgerViews: ...

    @property
    def ledger_balances(self) -> LedgerBalances: ...

    @property
    def ledger_audit(self) -> LedgerAudit: ...


def euros(cents: int) -> Money:
    return Money(cents, "EUR")


def a_transfer(reference: str, *postings: Posting) -> Transfer:
    return Transfer(
        id=ids.new("transfer"), reference=reference, at=NOW, recorded_at=NOW, actor="test", postings=postings
    )


class Bookkeeper:
    """Keeps the books of an adapter, at a time that stands still."""

    def __init__(self, ledger: LedgerAdapter) -> None:
        self.ledger = ledger
        self.clock = ManualClock(NOW)
        self.balances = ledger.ledger_balances
        self.views = ledger.ledger_views
        self._covered = 0

    async def open(
        self, code: str, type_: AccountType = AccountType.ASSET, *, currency: str = "EUR", floor: int | None = None
    ) -> AccountView:
        command = OpenAccountCommand(
            actor=_OPERATOR, code=code, name=f"The {code}", type=type_, currency=currency, floor=floor
        )
        return await OpenAccount(self.ledger.transactions, self.clock)(command)

    async def post(
        self, reference: str, *postings: Posting, at: datetime | None = None, description: str = ""
    ) -> LedgerTransferView:
        command = PostTransferCommand(
            actor=_OPERATOR, reference=reference, postings=postings, at=at, description=description
        )
        return await PostTransfer(self.ledger.transactions, self.clock, ids)(command)

    async def move(
        self, reference: str, source: str, target: str, cents: int, *, at: datetime | None = None
    ) -> LedgerTransferView:
        """From the credit of one account to the debit of another."""
        return await self.post(reference, debit(target, euros(cents)), credit(source, euros(cents)), at=at)

    async def balance(self, code: str, at: datetime | None = None) -> int:
        return (await self.balances.balance(code, at)).balance.amount

    async def snapshots_once(self) -> int | None:
        return await TakeSnapshots(self.ledger.transactions, self.clock, least=1)()

    async def seal_once(self) -> int:
        return await SealLedger(self.ledger.transactions, self.clock)()

    async def snapshots(self) -> None:
        """Until all is in them: whatever else the database's server is doing may hold it up."""
        last = (await self.views.postings(PostingFilter(), PageRequest(limit=1, sort="-position"))).items
        for _ in range(_PATIENCE):
            if not last or self._covered >= last[0].position:
                return
            self._covered = await self.snapshots_once() or self._covered
            await asyncio.sleep(_PAUSE)
        raise AssertionError("The postings were not settled.")

    async def seal(self) -> int:
        """Until all is sealed; how much that was."""
        sealed = await self.seal_once()
        for _ in range(_PATIENCE):
            if not (await self.ledger.ledger_audit.unsealed()).entries:
                return sealed
            await asyncio.sleep(_PAUSE)
            sealed += await self.seal_once()
        raise AssertionError("The postings were not settled.")

    async def verify(self, head: str | None = None) -> VerificationView:
        return await VerifyLedger(self.ledger.ledger_audit)(VerifyLedgerQuery(actor=_OPERATOR, head=head))


@pytest.fixture
async def books(ledger: LedgerAdapter) -> Bookkeeper:
    keeper = Bookkeeper(ledger)
    await keeper.open("bank")
    await keeper.open("sales", AccountType.REVENUE)
    return keeper
