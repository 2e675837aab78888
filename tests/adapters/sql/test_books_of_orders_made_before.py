"""A database from before orders kept books gets the books that it would have: the same that a shop kept all along."""

import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text
from tests.imports.conftest import Bin
from tests.shop.conftest import NOW, OWNER, SECRET, Stand, order

from tradepost.imports import ImportOrdersCommand
from tradepost.kernel.access import operator
from tradepost.kernel.clock import ManualClock
from tradepost.kernel.errors import TradepostError
from tradepost.kernel.money import Money
from tradepost.ledger.account import AccountType
from tradepost.ledger.open_account import OpenAccount, OpenAccountCommand
from tradepost.ledger.verify_ledger import VerifyLedgerQuery
from tradepost.orders import (
    CancelOrderCommand,
    CapturePaymentCommand,
    CheckBooksQuery,
    OrderPolicy,
    OrderView,
    PaymentInput,
    PayOrderCommand,
    RefundOrderCommand,
)
from tradepost.pricing.create_shipping_method import CreateShippingMethodCommand
from tradepost.pricing.set_tax_rate import SetTaxRateCommand
from tradepost.pricing.shipping import ShippingKind, Tariff
from tradepost.shop import Shop
from tradepost_adapters.simulated_gateway import SimulatedGateway, open_gateway
from tradepost_adapters.sql.backend import SqlBackend
from tradepost_adapters.sql.connection import CheckViolation
from tradepost_adapters.sql.migrations import _connected, migrate_down, migrate_up

IMPORTED = (
    "order_id,customer_id,placed_at,currency,sku,name,quantity,total\nA1,c1,2017-01-31T18:30:00Z,USD,MILK,Milk,2,3.98\n"
)

_BOOKS = """
    SELECT reference, ledger_postings.line, account, currency, amount, subject, ledger_transfers.at
    FROM ledger_transfers JOIN ledger_postings ON ledger_postings.transfer_id = ledger_transfers.id
"""
_TAXES = "SELECT id, refunded_tax FROM orders UNION ALL SELECT id, tax FROM refunds WHERE status <> 'failed'"


def rows(url: str, question: str) -> set[tuple[Any, ...]]:
    def ask(connection: Connection) -> set[tuple[Any, ...]]:
        found = [tuple(row) for row in connection.execute(text(question))]
        assert len(found) == len(set(found))
        return set(found)

    return _connected(url, ask, writing=False)


def count(url: str, table: str) -> int:
    ((found,),) = rows(url, f"SELECT count(*) FROM {table}")  # noqa: S608 - the test's own
    return int(found)


@pytest.fixture
async def stand(database_url: str) -> AsyncIterator[Stand]:
    gateway = open_gateway("simulated://memory?slow_seconds=0&timeout_seconds=0")
    assert isinstance(gateway, SimulatedGateway)
    backend, clock = await SqlBackend.open(database_url), ManualClock(NOW)
    shop = Shop(backend, gateway=gateway, secret=SECRET, policy=OrderPolicy(home_country="DE"), clock=clock)
    stand = Stand(shop, backend, gateway, clock)
    await shop.set_tax_rate(SetTaxRateCommand(actor=OWNER, country="DE", category="standard", rate="10"))
    await shop.set_tax_rate(SetTaxRateCommand(actor=OWNER, country="DE", category="shipping", rate="10"))
    await shop.create_shipping_method(
        CreateShippingMethodCommand(
            actor=OWNER, code="post", name="Post", kind=ShippingKind.FLAT, tariffs=(Tariff(currency="EUR", price=550),)
        )
    )
    await stand.sell("MUG", price=1100, stock=10_000)
    await stand.sell("FREE", price=0, stock=None)
    yield stand
    await backend.close()
    await gateway.close()


class Lives:
    """Everything that may become of an order, with time going by."""

    def __init__(self, stand: Stand) -> None:
        self.stand, self.shop = stand, stand.shop

    async def buy(self, quantity: int = 2, sku: str = "MUG", **more: Any) -> OrderView:
        self.stand.clock.advance(timedelta(minutes=1))
        return await self.shop.place_order(order((sku, quantity), **more))

    async def capture(self, bought: OrderView, amount: int | None = None) -> None:
        self.stand.clock.advance(timedelta(minutes=1))
        money = None if amount is None else Money(amount, "EUR")
        await self.shop.capture_payment(CapturePaymentCommand(actor=OWNER, order_id=bought.id, amount=money))

    async def refund(self, bought: OrderView, amount: int | None = None) -> None:
        self.stand.clock.advance(timedelta(minutes=1))
        money = None if amount is None else Money(amount, "EUR")
        await self.shop.refund_order(RefundOrderCommand(actor=OWNER, order_id=bought.id, amount=money))

    async def cancel(self, bought: OrderView) -> None:
        self.stand.clock.advance(timedelta(minutes=1))
        await self.shop.cancel_order(CancelOrderCommand(actor=OWNER, order_id=bought.id))
        self.stand.clock.advance(timedelta(minutes=1))
        await self.shop.recover_operations()

    async def paid(self) -> None:
        await self.buy()

    async def shipped(self) -> None:
        await self.buy(shipping_method="post")

    async def free(self) -> None:
        await self.buy(sku="FREE")

    async def paid_later_in_parts(self) -> None:
        bought = await self.buy(token=None)
        await self.capture(bought, 700)
        await self.capture(bought)

    async def owed(self) -> None:
        await self.capture(await self.buy(token=None), 700)

    async def held_and_taken(self) -> None:
        held = PaymentInput(token="tok_success", capture=False)
        await self.capture(await self.buy(payment=held))
        await self.buy(payment=held)

    async def declined(self) -> None:
        with pytest.raises(TradepostError):
            await self.buy(token="tok_declined")

    async def declined_and_paid(self) -> None:
        with pytest.raises(TradepostError) as caught:
            await self.buy(token="tok_declined")
        await self.shop.pay_order(
            PayOrderCommand(actor=OWNER, order_id=str(caught.value.data["order_id"]), token="tok_success")
        )

    async def refunded_in_parts(self) -> None:
        bought = await self.buy()
        for amount in (550, 330):
            await self.refund(bought, amount)

    async def refunded_in_odd_parts(self) -> None:
        bought = await self.buy(shipping_method="post")
        for amount in (1, 6, 1292, None):
            await self.refund(bought, amount)

    async def refund_refused(self) -> None:
        with suppress(TradepostError):
            await self.refund(await self.buy(token="tok_refund_declined"), 550)

    async def refund_on_its_way(self) -> None:
        await self.refund(await self.buy(token="tok_refund_pending"), 550)

    async def canceled(self) -> None:
        await self.cancel(await self.buy(shipping_method="post"))

    async def canceled_unpaid(self) -> None:
        await self.cancel(await self.buy(token=None))

    async def canceled_partly_paid_by_hand(self) -> None:
        bought = await self.buy(token=None)
        await self.capture(bought, 700)
        await self.cancel(bought)

    async def canceled_after_a_refund(self) -> None:
        bought = await self.buy()
        await self.refund(bought, 330)
        await self.cancel(bought)

    async def paid_after_it_ended(self) -> None:
        bought = await self.buy(token="tok_requires_action")
        await self.stand.approve(bought)
        await self.cancel(bought)
        for _ in range(3):
            self.stand.clock.advance(timedelta(hours=1))
            await self.shop.recover_operations()

    async def expired(self) -> None:
        await self.buy(token="tok_requires_action")
        self.stand.clock.advance(timedelta(hours=2))
        await self.shop.expire_orders()

    async def imported(self) -> None:
        await self.shop.import_orders(
            ImportOrdersCommand(actor=operator(), file=io.BytesIO(IMPORTED.encode()), rejects=Bin())
        )


LIVES = [
    name for name, value in vars(Lives).items() if name[0] != "_" and name not in ("buy", "capture", "refund", "cancel")
]


async def check(stand: Stand) -> None:
    checks = await stand.shop.check_books(CheckBooksQuery(actor=OWNER))
    assert [each for each in checks if not each.passed] == []
    assert (await stand.shop.verify_ledger(VerifyLedgerQuery(actor=OWNER))).sound


async def live(stand: Stand, *lives: str) -> None:
    for name in lives:
        step: Callable[[], Awaitable[None]] = getattr(Lives(stand), name)
        await step()


async def test_a_database_from_before_gets_the_books_it_would_have(stand: Stand, database_url: str) -> None:
    await live(stand, *LIVES)
    await check(stand)
    books, taxes = rows(database_url, _BOOKS), rows(database_url, _TAXES)
    migrate_down(database_url, "0009")  # the ledger is gone, with all that came after it
    migrate_up(database_url)
    assert rows(database_url, _TAXES) == taxes
    assert rows(database_url, _BOOKS) == books
    ((earliest, actors),) = rows(database_url, "SELECT min(recorded_at), count(DISTINCT actor) FROM ledger_transfers")
    assert earliest is not None
    assert actors == 1
    await check(stand)


async def test_what_was_posted_is_not_posted_again(stand: Stand, database_url: str) -> None:
    await live(stand, *LIVES)
    books, taxes = rows(database_url, _BOOKS), rows(database_url, _TAXES)
    for way_down in ("0013", "0011"):  # to 0011, what refunds know of tax is gone, and the ledger tells it
        migrate_down(database_url, way_down)
        assert rows(database_url, _BOOKS) == books
        migrate_up(database_url)
        assert rows(database_url, _BOOKS) == books
        assert rows(database_url, _TAXES) == taxes


async def test_a_shop_goes_on_from_there(stand: Stand, database_url: str) -> None:
    later = await Lives(stand).buy(token=None)
    paid = await Lives(stand).buy()
    await Lives(stand).capture(later, 700)
    await Lives(stand).refund(paid, 1100)
    migrate_down(database_url, "0009")
    migrate_up(database_url)
    await Lives(stand).capture(later)
    await Lives(stand).refund(paid)
    await Lives(stand).cancel(later)
    await check(stand)
    sums: dict[str, int] = {}
    for _, _, account, _, amount, *_ in rows(database_url, _BOOKS):
        sums[account] = sums.get(account, 0) + amount
    assert {account: amount for account, amount in sums.items() if amount} == {
        "returns:EUR": 4000,
        "revenue:EUR": -4000,
    }


async def test_an_empty_shop_gets_no_accounts(database_url: str) -> None:
    assert count(database_url, "ledger_accounts") == 0


async def test_an_account_of_that_name_and_another_currency_is_in_the_way(stand: Stand, database_url: str) -> None:
    await live(stand, "imported")
    migrate_down(database_url, "0009")
    migrate_up(database_url, "0010")
    command = OpenAccountCommand(
        actor=OWNER, code="revenue:USD", name="Sales", type=AccountType.REVENUE, currency="EUR", floor=None
    )
    await OpenAccount(stand.backend.transactions, stand.clock)(command)
    with pytest.raises(CheckViolation, match=r"ledger_check|ck_ledger_transfers_accounts"):
        migrate_up(database_url)
    assert count(database_url, "ledger_transfers") == 0
