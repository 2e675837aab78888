"""`tradepost ledger verify` in a shop whose books somebody changed by hand, on each database."""

# ruff: noqa: S608 - the statements of a test are its own

import asyncio

import pytest
from tests.adapters.sql.test_ledger_guards import Hand
from tests.entrypoints.cli.conftest import Terminal

from tradepost.kernel.access import operator
from tradepost.ledger.list_transfers import ListTransfersQuery
from tradepost.ledger.ports import TransferFilter
from tradepost.ledger.verify_ledger import VerifyLedgerQuery
from tradepost.orders import OrderItem, OrderStoryQuery, PaymentInput, PlaceOrderCommand
from tradepost.shop import Shop


@pytest.fixture
def captured(terminal: Terminal) -> str:
    """The transfer of a payment's capture, which is sealed."""
    terminal.stock_up()

    async def sell(shop: Shop) -> str:
        command = PlaceOrderCommand(
            actor=operator("test"),
            lines=(OrderItem(sku="MUG-BLUE", quantity=1),),
            currency="EUR",
            payment=PaymentInput(token="tok_success"),
            email="ada@example.com",
        )
        view = await shop.place_order(command)
        story = await shop.get_order_story(OrderStoryQuery(actor=operator("test"), order_id=view.id))
        reference = f"capture:{story.payments[0].id}:{view.captured.amount}"
        query = ListTransfersQuery(actor=operator("test"), wanted=TransferFilter(reference=reference))
        (transfer,) = (await shop.list_transfers(query)).items
        for _ in range(100):
            await shop.seal_ledger()
            if not (await shop.verify_ledger(VerifyLedgerQuery(actor=operator("test")))).unsealed.entries:
                return transfer.id
            await asyncio.sleep(0.02)
        raise AssertionError("It was not sealed.")

    return terminal.in_shop(sell)


async def _tamper(hand: Hand, transfer: str) -> None:
    """A tenth of the money stays with whoever has the password of the database."""
    for account, less in (("clearing", "- 100"), ("receivable", "+ 100")):
        await hand.tamper(
            "ledger_postings",
            f"UPDATE ledger_postings SET amount = amount {less} "
            f"WHERE transfer_id = '{transfer}' AND account LIKE '{account}:%'",
        )


def test_a_shop_whose_books_were_changed_is_told_which_entry(
    terminal: Terminal, captured: str, database_url: str
) -> None:
    assert terminal.run("ledger", "verify").returncode == 0
    asyncio.run(_tamper(Hand(database_url), captured))
    ended = terminal.run("ledger", "verify")
    assert ended.returncode == 12
    assert ended.stderr.count(f"({captured})") == 2
    wrong = [line.split()[0] for line in ended.stdout.splitlines()[2:] if line.split()[2:3] != ["0"]]
    assert {"entries_sealed", "ledger.receivable", "ledger.money"} <= set(wrong)
