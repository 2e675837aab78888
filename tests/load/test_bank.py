"""A bank: many tellers move money between few wallets while others look. None is lost, none is made, nobody owes any."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from tradepost.kernel.money import Money
from tradepost.kernel.pages import PageRequest
from tradepost.ledger.account import AccountType
from tradepost.ledger.ports import AccountFilter
from tradepost.ledger.transfer import InsufficientFunds
from tradepost_adapters.contracts.bookkeeper import Bookkeeper
from tradepost_adapters.sql.backend import SqlBackend

WALLETS = [f"wallet:{number:02}" for number in range(50)]
EACH = 1_000
TRANSFERS = 20_000
TELLERS = 32
READERS = 3
_EVERY = PageRequest(limit=len(WALLETS))


@pytest.fixture
async def bank(database_url: str) -> AsyncIterator[Bookkeeper]:
    backend = await SqlBackend.open(database_url)
    keeper = Bookkeeper(backend)
    await keeper.open("vault")
    for wallet in WALLETS:
        await keeper.open(wallet, AccountType.LIABILITY, floor=0)
        await keeper.move(f"load {wallet}", wallet, "vault", EACH)
    yield keeper
    await backend.close()


class Bank:
    """Its day: what was asked for, what came of it, and what was seen meanwhile."""

    def __init__(self, books: Bookkeeper) -> None:
        self.books = books
        self.outcomes: Counter[str] = Counter()
        self.reads: Counter[str] = Counter()
        self.waits: list[float] = []
        self.expected = dict.fromkeys(WALLETS, EACH)
        self.open = True

    async def teller(self, orders: list[int]) -> None:
        """Most amounts are small, and some are more than most people have."""
        while orders:
            number = orders.pop()
            source, target = random.sample(WALLETS, 2)
            cents = random.randint(1, 400) if number % 5 else random.randint(800, 3_000)
            started = time.perf_counter()
            try:
                await self.books.move(f"transfer {number}", target, source, cents)
            except InsufficientFunds as error:
                if error.data != {"accounts": [source]}:
                    raise
                self.outcomes["refused"] += 1
            else:
                self.outcomes["done"] += 1
                self.expected[source] -= cents
                self.expected[target] += cents
            self.waits.append(time.perf_counter() - started)

    async def look(self) -> None:
        """All wallets in one read, and all books in another."""
        accounts = (await self.books.views.accounts(AccountFilter(family="wallet"), _EVERY)).items
        balances = [account.balance.amount for account in accounts]
        assert sum(balances) == EACH * len(WALLETS)
        assert min(balances) >= 0
        trial = await self.books.balances.trial_balance(None)
        assert trial.balanced
        assert {line.family: line.debit - line.credit for line in trial.lines} == {
            "vault": Money(EACH * len(WALLETS), "EUR"),
            "wallet": Money(-EACH * len(WALLETS), "EUR"),
        }
        self.reads["wallets"] += 1

    async def reader(self) -> None:
        while self.open:
            await self.look()
            await asyncio.sleep(0.05)

    async def clerk(self) -> None:
        """Seals and sums behind the tellers."""
        while self.open:
            self.reads["sealed"] += await self.books.seal_once()
            await self.books.snapshots_once()
            await asyncio.sleep(0.5)


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_a_bank_loses_no_money_and_lends_none(bank: Bookkeeper) -> None:
    day = Bank(bank)
    others = [asyncio.ensure_future(day.reader()) for _ in range(READERS)]
    others.append(asyncio.ensure_future(day.clerk()))
    orders = list(range(TRANSFERS))
    started = time.perf_counter()
    await asyncio.gather(*[day.teller(orders) for _ in range(TELLERS)])
    took = time.perf_counter() - started
    day.open = False
    await asyncio.gather(*others)
    await day.look()
    assert day.outcomes.total() == TRANSFERS
    assert min(day.outcomes.values()) > TRANSFERS // 50, "it was too easy, or too hard"
    accounts = (await bank.views.accounts(AccountFilter(family="wallet"), _EVERY)).items
    assert {account.code: account.balance.amount for account in accounts} == day.expected

    await bank.seal()
    started = time.perf_counter()
    found = await bank.verify()
    verified = time.perf_counter() - started
    assert found.sound
    assert found.unsealed.entries == 0
    waits = sorted(day.waits)
    print(
        f"{TRANSFERS} transfers by {TELLERS} tellers: {took:.1f} s, {TRANSFERS / took:.0f}/s,"
        f" p50 {waits[len(waits) // 2] * 1000:.1f} ms, p99 {waits[len(waits) * 99 // 100] * 1000:.1f} ms;"
        f" {dict(day.outcomes)}; {day.reads['wallets']} times looked, {day.reads['sealed']} entries sealed meanwhile;"
        f" verified in {verified:.2f} s"
    )
