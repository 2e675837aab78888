"""How the shop posts: accounts are opened when first needed, and found again without asking."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from tradepost.kernel.access import operator
from tradepost.kernel.clock import ManualClock
from tradepost.kernel.errors import Invalid, NotFound
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.kernel.transactions import StaleVersion
from tradepost.ledger.account import Account, AccountType
from tradepost.ledger.bookkeeping import Booking, Bookkeeper
from tradepost.ledger.chart import RECEIVABLE, REVENUE, SHIPPING, WALLET, account
from tradepost.ledger.open_account import OpenAccount, OpenAccountCommand
from tradepost.ledger.ports import LedgerAccounts
from tradepost.ledger.transfer import InsufficientFunds, credit, debit
from tradepost_adapters.memory import MemoryBackend

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TEN = Money(1000, "EUR")


class Asked:
    """Accounts that count what they are asked for."""

    def __init__(self, accounts: LedgerAccounts, asked: list[str]) -> None:
        self._accounts = accounts
        self._asked = asked

    async def of(self, codes: Sequence[str], /) -> Mapping[str, Account]:
        self._asked += codes
        return await self._accounts.of(codes)

    async def balances(self, codes: Sequence[str], /) -> Mapping[str, int]:
        return await self._accounts.balances(codes)

    async def add(self, account: Account, /) -> None:
        await self._accounts.add(account)


class Office:
    """One bookkeeper a transaction, over the same known accounts."""

    def __init__(self) -> None:
        self.backend = MemoryBackend()
        self.known: dict[str, Account] = {}
        self.asked: list[str] = []

    async def book(self, *bookings: Booking, fail: bool = False) -> None:
        async def work(tx: Any) -> None:
            accounts = Asked(tx.ledger_accounts, self.asked)
            await Bookkeeper(accounts, tx.ledger_transfers, self.known, TypeIds().new).book(bookings)
            if fail:
                raise RuntimeError("lost")

        self.asked.clear()
        await self.backend.transactions.run(work)

    async def balance(self, code: str) -> int:
        return (await self.backend.ledger_balances.balance(code, None)).balance.amount


def sale(reference: str, amount: Money = TEN) -> Booking:
    postings = (
        debit(RECEIVABLE.of(amount.currency), amount, subject="order_1"),
        credit(REVENUE.of(amount.currency), amount, subject="order_1"),
        credit(SHIPPING.of(amount.currency), Money(0, amount.currency), subject="order_1"),
    )
    return Booking.of(reference, postings, actor="test", at=NOW)


async def test_accounts_are_opened_when_first_posted_to_and_not_for_nothing() -> None:
    office = Office()
    await office.book(sale("a"), sale("b"), sale("c", Money(5, "USD")))
    assert [await office.balance(code) for code in ("receivable:EUR", "revenue:EUR", "revenue:USD")] == [2000, 2000, 5]
    with pytest.raises(NotFound):
        await office.balance("shipping:EUR")


async def test_accounts_found_once_are_not_asked_for_again() -> None:
    office = Office()
    asked = []
    for reference in "abc":
        await office.book(sale(reference))
        asked.append(sorted(office.asked))
    both = ["receivable:EUR", "revenue:EUR"]
    assert asked == [both, both, []]  # what a transaction opens may yet be undone; only what another finds is known


async def test_accounts_of_a_transaction_that_failed_are_opened_by_the_next() -> None:
    office = Office()
    for _ in range(2):
        with pytest.raises(RuntimeError):
            await office.book(sale("a"), sale("b"), fail=True)
    await office.book(sale("a"))
    assert await office.balance("receivable:EUR") == 1000


async def test_a_wallet_can_be_opened_and_used_at_once_and_not_go_below_zero() -> None:
    office = Office()
    wallet = WALLET.of("EUR", "cus_1")
    given = Booking.of("give", (debit("store_credit:EUR", TEN), credit(wallet, TEN)), actor="test", at=NOW)
    spent = Booking.of("spend", (debit(wallet, TEN), credit("receivable:EUR", TEN)), actor="test", at=NOW)
    await office.book(given, spent)
    again = Booking.of("again", spent.postings, actor="test", at=NOW)
    with pytest.raises(InsufficientFunds):
        await office.book(again)
    assert await office.balance(wallet) == 0


async def test_one_reference_is_posted_once() -> None:
    office = Office()
    await office.book(sale("a"))
    with pytest.raises(StaleVersion):
        await office.book(sale("a"))
    assert await office.balance("receivable:EUR") == 1000


def test_the_chart_knows_the_kinds_of_its_accounts_and_no_others() -> None:
    wallet = account("wallet:cus_1.EUR", "EUR", at=NOW)
    assert (wallet.type, wallet.floor, wallet.family) == (AccountType.LIABILITY, 0, "wallet")
    with pytest.raises(KeyError):
        account("petty_cash:EUR", "EUR", at=NOW)


async def test_nobody_opens_an_account_of_the_shop_otherwise_than_the_shop_needs_it() -> None:
    open_account = OpenAccount(MemoryBackend().transactions, ManualClock(NOW))
    wrong = OpenAccountCommand(
        actor=operator("test"), code="receivable:EUR", name="Mine", type=AccountType.LIABILITY, currency="EUR"
    )
    with pytest.raises(Invalid) as refused:
        await open_account(wrong)
    assert refused.value.code == "ledger.account_invalid"
    await open_account(msgspec.structs.replace(wrong, type=AccountType.ASSET))
