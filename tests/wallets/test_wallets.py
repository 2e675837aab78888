"""Wallets on every database, by several workers and two processes at once: none is lost, none is made, nobody owes."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from tradepost.customers import CreateCustomerCommand
from tradepost.kernel.access import Actor, Role, operator
from tradepost.kernel.errors import TradepostError
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost.kernel.money import Money
from tradepost.kernel.pages import PageRequest
from tradepost.ledger import TrialBalanceQuery, VerifyLedgerQuery
from tradepost.shop import Shop
from tradepost.wallets import (
    GetWalletQuery,
    GiveStoreCreditCommand,
    ListWalletEntriesQuery,
    TransferFundsCommand,
    WalletTransferView,
)
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.simulated_gateway import open_gateway
from tradepost_adapters.sql.backend import SqlBackend

STAFF = operator("test")
EACH = 1_000
WORKERS = 32
WALLETS = 20
TRANSFERS = 1_000


def a_shop(backend: Any) -> Shop:
    return Shop(backend, gateway=open_gateway("simulated://memory"), secret=b"0123456789abcdef")


@dataclass
class Purses:
    """Two processes of one shop; in memory it is one."""

    shops: tuple[Shop, Shop]
    numbers: "count[int]"

    @property
    def shop(self) -> Shop:
        return self.shops[next(self.numbers) % 2]

    async def customers(self, many: int) -> list[str]:
        return [(await self.shop.create_customer(CreateCustomerCommand(actor=STAFF))).id for _ in range(many)]

    async def give(self, customer_id: str, cents: int, currency: str = "EUR") -> None:
        command = GiveStoreCreditCommand(
            actor=STAFF, customer_id=customer_id, amount=Money(cents, currency), reason="A present"
        )
        await self.shop.give_store_credit(command)

    async def send(self, source: str, to: str, cents: int, key: str | None = None) -> WalletTransferView:
        """As the customer themselves."""
        sent = f"{source} {to} {cents}"
        command = TransferFundsCommand(
            actor=Actor(id=f"user_of_{source}", role=Role.CUSTOMER, customer_id=source),
            customer_id=source,
            to=to,
            amount=Money(cents, "EUR"),
            idempotency=None if key is None else IdempotencyKey(scope=source, key=key, fingerprint=sent),
        )
        return await self.shop.transfer_funds(command)

    async def balance(self, customer_id: str) -> int:
        view = await self.shop.get_wallet(GetWalletQuery(actor=STAFF, customer_id=customer_id))
        return sum(balance.amount for balance in view.balances)

    async def check(self, cents: int) -> None:
        """The books are sound, and so much is in all wallets."""
        trial = await self.shop.trial_balance(TrialBalanceQuery(actor=STAFF))
        owed = {line.family: line.credit.amount - line.debit.amount for line in trial.lines}
        assert owed == {"wallet": cents, "store_credit": -cents}
        assert (await self.shop.verify_ledger(VerifyLedgerQuery(actor=STAFF))).sound


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def purses(request: pytest.FixtureRequest) -> AsyncIterator[Purses]:
    if request.param == "memory":
        shop = a_shop(MemoryBackend())
        yield Purses((shop, shop), count())
        return
    url = request.getfixturevalue(f"{request.param}_url")
    async with AsyncExitStack() as stack:
        backends = [await SqlBackend.open(url) for _ in range(2)]
        for backend in backends:
            stack.push_async_callback(backend.close)
        yield Purses((a_shop(backends[0]), a_shop(backends[1])), count())


async def refusal(work: Any) -> str | None:
    try:
        await work
    except TradepostError as error:
        return error.code
    return None


@pytest.mark.slow
async def test_transfers_by_many_at_once_keep_the_sum_and_nobody_owes(purses: Purses) -> None:
    """Every transfer is sent twice under its key, at once, to both processes."""
    customers = await purses.customers(WALLETS)
    await asyncio.gather(*[purses.give(each, EACH) for each in customers])
    expected = dict.fromkeys(customers, EACH)
    outcomes: Counter[str | None] = Counter()
    orders = list(range(TRANSFERS))

    async def worker() -> None:
        while orders:
            number = orders.pop()
            source, to = random.sample(customers, 2)
            cents = random.randint(1, 400) if number % 5 else random.randint(800, 3_000)
            tries = [purses.send(source, to, cents, f"transfer {number}") for _ in range(2)]
            answers = await asyncio.gather(*tries, return_exceptions=True)
            if isinstance(answers[0], WalletTransferView):
                assert answers[0] == answers[1]
                expected[source] -= cents
                expected[to] += cents
                outcomes[None] += 1
            else:
                codes = {getattr(answer, "code", repr(answer)) for answer in answers}
                assert codes == {"wallet.insufficient_funds"}
                outcomes["wallet.insufficient_funds"] += 1

    await asyncio.gather(*[worker() for _ in range(WORKERS)])
    assert outcomes.total() == TRANSFERS
    assert min(outcomes.values()) > TRANSFERS // 50, "it was too easy, or too hard"
    assert {each: await purses.balance(each) for each in customers} == expected
    assert min(expected.values()) >= 0
    await purses.check(EACH * WALLETS)


async def test_two_customers_sending_to_each_other_at_once_are_not_in_each_others_way(purses: Purses) -> None:
    ada, bob = await purses.customers(2)
    for each in (ada, bob):
        await purses.give(each, EACH)
    found = await asyncio.gather(
        *[refusal(purses.send(*((ada, bob) if number % 2 else (bob, ada)), 10)) for number in range(60)]
    )
    assert set(found) == {None}
    assert (await purses.balance(ada), await purses.balance(bob)) == (EACH, EACH)
    await purses.check(2 * EACH)


async def test_first_credits_at_once_open_every_account_once(purses: Purses) -> None:
    customers = await purses.customers(8)
    found = await asyncio.gather(*[refusal(purses.give(each, 5)) for each in customers for _ in range(2)])
    assert set(found) == {None}
    assert [await purses.balance(each) for each in customers] == [10] * 8
    await purses.check(80)


async def test_of_many_who_spend_the_same_credit_at_once_so_many_do_as_it_is_enough_for(purses: Purses) -> None:
    ada, *others = await purses.customers(9)
    await purses.give(ada, 300)
    found = Counter(
        await asyncio.gather(
            *[refusal(purses.send(ada, other, 100, f"{other} {again}")) for again in range(3) for other in others]
        )
    )
    assert found == {None: 3, "wallet.insufficient_funds": 21}
    assert await purses.balance(ada) == 0
    assert sum([await purses.balance(other) for other in others]) == 300
    for again in range(3):
        for other in others:  # whatever was answered under a key is answered again
            found[await refusal(purses.send(ada, other, 100, f"{other} {again}"))] -= 1
    assert set(found.values()) == {0}
    await purses.check(300)


async def test_nothing_comes_of_sending_to_nobody(purses: Purses) -> None:
    (ada,) = await purses.customers(1)
    nobody = "cus_01m7y7tsamexgajdq8dqk7k2b9"
    assert await refusal(purses.send(ada, nobody, 1)) == "wallet.insufficient_funds"
    await purses.give(ada, 300)
    assert await refusal(purses.send(ada, nobody, 301)) == "wallet.insufficient_funds"
    assert await refusal(purses.send(ada, nobody, 300)) == "recipient.not_found"
    assert await purses.balance(ada) == 300
    await purses.check(300)


async def test_a_wallet_has_its_own_currencies_and_a_statement_in_pages(purses: Purses) -> None:
    ada, bob = await purses.customers(2)
    for cents, currency in ((100, "EUR"), (200, "EUR"), (70, "JPY"), (5, "USD")):
        await purses.give(ada, cents, currency)
    await purses.give(bob, 9, "GBP")
    await purses.send(ada, bob, 250)
    view = await purses.shop.get_wallet(GetWalletQuery(actor=STAFF, customer_id=ada))
    assert view.balances == (Money(50, "EUR"), Money(70, "JPY"), Money(5, "USD"))
    found, cursor = [], None
    while True:
        page = PageRequest(limit=2, sort="at", cursor=cursor)
        entries = await purses.shop.list_wallet_entries(
            ListWalletEntriesQuery(actor=STAFF, customer_id=ada, currency="EUR", page=page)
        )
        found += [(entry.amount.amount, entry.subject, entry.description) for entry in entries.items]
        cursor = entries.next_cursor
        if cursor is None:
            break
    assert found == [(100, None, "A present"), (200, None, "A present"), (-250, bob, "")]
    nothing = ListWalletEntriesQuery(actor=STAFF, customer_id=bob, currency="JPY")
    assert (await purses.shop.list_wallet_entries(nothing)).items == ()
