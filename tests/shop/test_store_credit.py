"""Orders that are paid out of a wallet, or refunded into one, on every backend."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from tests.shop.conftest import OWNER, Stand, order

from tradepost.customers import CreateCustomerCommand
from tradepost.kernel.access import Actor, Role
from tradepost.kernel.errors import TradepostError
from tradepost.kernel.money import Money
from tradepost.ledger import VerifyLedgerQuery
from tradepost.orders import OrderStatus, PaymentInput, RefundOrderCommand
from tradepost.payments.payment import Method
from tradepost.wallets import (
    GetWalletQuery,
    GiveStoreCreditCommand,
    ListWalletEntriesQuery,
    TransferFundsCommand,
)

ALL_OF_IT = PaymentInput(method=Method.STORE_CREDIT)


async def buyer(stand: Stand, cents: int = 0) -> Actor:
    """A customer with so much store credit."""
    customer = await stand.shop.create_customer(CreateCustomerCommand(actor=OWNER))
    if cents:
        await stand.shop.give_store_credit(
            GiveStoreCreditCommand(actor=OWNER, customer_id=customer.id, amount=Money(cents, "EUR"), reason="A present")
        )
    return Actor(id=f"user_of_{customer.id}", role=Role.CUSTOMER, customer_id=customer.id)


def named(actor: Actor) -> str:
    assert actor.customer_id is not None
    return actor.customer_id


async def left(stand: Stand, of: Actor) -> int:
    view = await stand.shop.get_wallet(GetWalletQuery(actor=of, customer_id=named(of)))
    return sum(balance.amount for balance in view.balances)


async def outcome(work: Any) -> str:
    try:
        await work
    except TradepostError as error:
        return error.code
    return "done"


async def test_an_order_is_paid_out_of_the_wallet_and_stands_in_its_statement(stand: Stand) -> None:
    await stand.sell("MUG", price=1000)
    ada = await buyer(stand, 1500)
    view = await stand.shop.place_order(order(("MUG", 1), actor=ada, payment=ALL_OF_IT))
    assert view.status is OrderStatus.PLACED
    assert await left(stand, ada) == 500
    query = ListWalletEntriesQuery(actor=ada, customer_id=named(ada), currency="EUR")
    entries = (await stand.shop.list_wallet_entries(query)).items
    assert (entries[0].amount, entries[0].subject) == (Money(-1000, "EUR"), view.id)


async def test_what_the_wallet_does_not_cover_is_not_ordered(stand: Stand) -> None:
    await stand.sell("MUG", price=1000, stock=5)
    for ada in (await buyer(stand), await buyer(stand, 999)):
        with pytest.raises(TradepostError) as refused:
            await stand.shop.place_order(order(("MUG", 1), actor=ada, payment=ALL_OF_IT))
        assert (refused.value.code, refused.value.data) == ("wallet.insufficient_funds", {"currency": "EUR"})
    assert await stand.level("MUG") == (5, 0)


async def test_a_refund_goes_into_a_wallet_that_is_opened_for_it(stand: Stand) -> None:
    await stand.sell("MUG", price=1000)
    ada = await buyer(stand)
    view = await stand.shop.place_order(order(("MUG", 1), actor=ada))
    await stand.shop.refund_order(
        RefundOrderCommand(actor=OWNER, order_id=view.id, amount=Money(400, "EUR"), store_credit=True)
    )
    assert await left(stand, ada) == 400
    assert await stand.money() == 1000
    assert (await stand.shop.verify_ledger(VerifyLedgerQuery(actor=OWNER))).sound


async def test_orders_and_transfers_at_once_spend_no_more_than_there_is(stand: Stand) -> None:
    await stand.sell("MUG", price=1000, stock=100)
    ada, bob = await buyer(stand, 3000), await buyer(stand)
    orders = [stand.shop.place_order(order(("MUG", 1), actor=ada, payment=ALL_OF_IT)) for _ in range(6)]
    transfers = [
        stand.shop.transfer_funds(
            TransferFundsCommand(actor=ada, customer_id=named(ada), to=named(bob), amount=Money(1000, "EUR"))
        )
        for _ in range(6)
    ]
    works = [work for pair in zip(orders, transfers, strict=True) for work in pair]
    found = Counter(await asyncio.gather(*map(outcome, works)))
    assert found == {"done": 3, "wallet.insufficient_funds": 9}
    assert await left(stand, ada) == 0
    _, reserved = await stand.level("MUG")
    assert await left(stand, bob) + 1000 * reserved == 3000
    assert (await stand.shop.verify_ledger(VerifyLedgerQuery(actor=OWNER))).sound
