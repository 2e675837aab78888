"""One row of the ledger changed, removed or swapped by hand, around the triggers: verifying it names the entry."""

# ruff: noqa: S608 - the statements of a test are its own

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.adapters.sql.test_ledger_guards import Hand

from tradepost.ledger.account import AccountType
from tradepost.ledger.views import LedgerTransferView
from tradepost_adapters.contracts.bookkeeper import Bookkeeper
from tradepost_adapters.sql.backend import SqlBackend

SALES = 5


@pytest.fixture
def hand(database_url: str) -> Hand:
    return Hand(database_url)


@pytest.fixture
async def books(database_url: str) -> AsyncIterator[Bookkeeper]:
    backend = await SqlBackend.open(database_url)
    keeper = Bookkeeper(backend)
    for code, type_ in (("bank", AccountType.ASSET), ("sales", AccountType.REVENUE), ("gifts", AccountType.REVENUE)):
        await keeper.open(code, type_)
    await keeper.open("wallet:a", AccountType.LIABILITY, floor=0)
    await keeper.move("load", "wallet:a", "bank", 50)
    yield keeper
    await backend.close()


@pytest.fixture
async def sales(books: Bookkeeper) -> list[LedgerTransferView]:
    """Sealed in two blocks, so that there is something before and after each."""
    made = [await books.move(f"sale {number}", "sales", "bank", 10 + number) for number in range(SALES)]
    made.append(await books.move("gift", "gifts", "bank", 3))
    await books.seal()
    books.clock.advance(timedelta(days=1))
    await books.move("sale in a later block", "sales", "bank", 90)
    await books.seal()
    return made


async def named(books: Bookkeeper) -> list[str]:
    """The transfers of the entries that verifying names; `gone` for one that is not there to be named."""
    found = await books.verify()
    assert not found.sound
    return [broken.partition("(")[2].rstrip(")") for broken in found.broken]


_OF_SALE = "(SELECT id FROM ledger_transfers WHERE reference = 'sale 2')"
_CREDIT = f"transfer_id = {_OF_SALE} AND amount < 0"
CHANGED = {
    "an amount": ("ledger_postings", f"UPDATE ledger_postings SET amount = -99 WHERE {_CREDIT}", 1),
    "a side": ("ledger_postings", f"UPDATE ledger_postings SET amount = -amount WHERE {_CREDIT}", 1),
    "an account": ("ledger_postings", f"UPDATE ledger_postings SET account = 'gifts' WHERE {_CREDIT}", 1),
    "a currency": ("ledger_postings", f"UPDATE ledger_postings SET currency = 'USD' WHERE {_CREDIT}", 1),
    "a subject": ("ledger_postings", f"UPDATE ledger_postings SET subject = 'order_x' WHERE {_CREDIT}", 1),
    "a line": ("ledger_postings", f"UPDATE ledger_postings SET line = 7 WHERE {_CREDIT}", 1),
    "a posting's time": (
        "ledger_postings",
        f"UPDATE ledger_postings SET at = (SELECT max(at) FROM ledger_transfers) WHERE {_CREDIT}",
        1,
    ),
    "a reference": ("ledger_transfers", f"UPDATE ledger_transfers SET reference = 'x' WHERE id = {_OF_SALE}", 2),
    "an actor": ("ledger_transfers", f"UPDATE ledger_transfers SET actor = 'nobody' WHERE id = {_OF_SALE}", 2),
    "a description": ("ledger_transfers", f"UPDATE ledger_transfers SET description = 'x' WHERE id = {_OF_SALE}", 2),
    "how many there are": ("ledger_transfers", f"UPDATE ledger_transfers SET entries = 3 WHERE id = {_OF_SALE}", 2),
    "when it was written": (
        "ledger_transfers",
        f"UPDATE ledger_transfers SET recorded_at = (SELECT max(at) FROM ledger_transfers) WHERE id = {_OF_SALE}",
        2,
    ),
}


@pytest.mark.parametrize("what", CHANGED)
async def test_the_entry_with_a_changed_row_is_named(
    books: Bookkeeper, hand: Hand, sales: list[LedgerTransferView], what: str
) -> None:
    table, statement, entries = CHANGED[what]
    await hand.tamper(table, statement)
    assert await named(books) == [sales[2].id] * entries


REMOVED = {
    "a posting": ("ledger_postings", f"DELETE FROM ledger_postings WHERE {_CREDIT}", ["gone"]),
    "a transfer": ("ledger_transfers", "DELETE FROM ledger_transfers WHERE reference = 'sale 2'", ["sale 2"] * 2),
    "an account": ("ledger_accounts", "DELETE FROM ledger_accounts WHERE code = 'gifts'", ["gift"]),
}


@pytest.mark.parametrize("what", REMOVED)
async def test_the_entry_whose_row_was_removed_is_named(
    books: Bookkeeper, hand: Hand, sales: list[LedgerTransferView], what: str
) -> None:
    table, statement, entries = REMOVED[what]
    ids = {sale.reference: sale.id for sale in sales}
    await hand.tamper(table, statement)
    assert await named(books) == [ids.get(entry, entry) for entry in entries]


@pytest.mark.parametrize("column", ["amount", "account", "line"])
async def test_both_entries_are_named_whose_rows_were_swapped(
    books: Bookkeeper, hand: Hand, sales: list[LedgerTransferView], column: str
) -> None:
    """Two of one transfer for lines and accounts, two of two transfers for amounts."""
    crediting = "SELECT position FROM ledger_postings WHERE amount IN (-11, -13)"
    both = f"SELECT position FROM ledger_postings WHERE transfer_id = {_OF_SALE}"
    swapped = {
        "amount": f"UPDATE ledger_postings SET amount = -24 - amount WHERE position IN ({crediting})",
        "account": "UPDATE ledger_postings SET account = CASE account WHEN 'bank' THEN 'sales' ELSE 'bank' END"
        f" WHERE position IN ({both})",
        "line": f"UPDATE ledger_postings SET line = 11 - line WHERE position IN ({both})",
    }
    expected = {"amount": [sales[1].id, sales[3].id]}.get(column, [sales[2].id] * 2)
    await hand.tamper("ledger_postings", swapped[column])
    assert await named(books) == expected


async def test_the_entry_is_named_that_was_moved_to_another_transfer(
    books: Bookkeeper, hand: Hand, sales: list[LedgerTransferView]
) -> None:
    """Of the same amount, so that every sum stays as it is."""
    twin = await books.move("twin", "sales", "bank", 12)
    await books.seal()
    ids = f"'{sales[2].id}', '{twin.id}'"
    await hand.tamper(
        "ledger_postings",
        f"UPDATE ledger_postings SET line = line + 10, transfer_id = CASE transfer_id WHEN '{twin.id}'"
        f" THEN '{sales[2].id}' ELSE '{twin.id}' END WHERE amount < 0 AND transfer_id IN ({ids})",
    )
    assert sorted(await named(books)) == sorted([sales[2].id, twin.id])


@pytest.mark.parametrize(
    ("statement", "entries"),
    [
        ("UPDATE ledger_accounts SET type = 'expense' WHERE code = 'gifts'", 1),
        ("UPDATE ledger_accounts SET code = 'given' WHERE code = 'gifts'", 1),
    ],
    ids=["its type", "its code"],
)
async def test_every_entry_of_a_changed_account_is_named(
    books: Bookkeeper, hand: Hand, sales: list[LedgerTransferView], statement: str, entries: int
) -> None:
    await hand.tamper("ledger_accounts", statement)
    assert len(await named(books)) == entries


@pytest.mark.parametrize("floor", ["NULL", "-100"])
async def test_an_account_whose_floor_was_taken_away_is_named(
    books: Bookkeeper, hand: Hand, sales: list[LedgerTransferView], floor: str
) -> None:
    await hand.tamper("ledger_accounts", f"UPDATE ledger_accounts SET floor = {floor} WHERE code = 'wallet:a'")
    wrong = {check.rule: check.example for check in (await books.verify()).checks if check.wrong}
    assert wrong == {"floors_hold": "wallet:a"}


async def test_a_ledger_that_nobody_touched_is_sound(
    books: Bookkeeper, hand: Hand, sales: list[LedgerTransferView]
) -> None:
    await hand.tamper("ledger_postings", "UPDATE ledger_postings SET amount = amount")
    books.clock.advance(timedelta(days=1))
    assert (await books.verify()).sound
