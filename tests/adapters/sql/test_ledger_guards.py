"""What the database itself refuses the ledger, whoever asks; and what is found when somebody gets around it."""

# ruff: noqa: S608 - the statements of a test are its own

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from tradepost.ledger.account import AccountType
from tradepost.ledger.ports import LedgerTx
from tradepost.ledger.transfer import credit, debit
from tradepost_adapters.contracts.bookkeeper import Bookkeeper, a_transfer, euros
from tradepost_adapters.sql.backend import SqlBackend
from tradepost_adapters.sql.connection import CheckViolation
from tradepost_adapters.sql.postgres_pool import connect
from tradepost_adapters.sql.sqlite_connection import open_sqlite
from tradepost_adapters.sql.urls import sqlite_path
from tradepost_adapters.sqlite_library import sqlite3 as ours

KEPT = (
    "ledger_accounts",
    "ledger_transfers",
    "ledger_postings",
    "ledger_snapshots",
    "ledger_snapshot_runs",
    "ledger_blocks",
)
COLUMNS = {
    "ledger_accounts": "name",
    "ledger_snapshot_runs": "taken_at",
    "ledger_snapshots": "amount",
    "ledger_blocks": "hash",
}

REFUSED = (ours.IntegrityError, sqlite3.IntegrityError, asyncpg.RestrictViolationError)


class Hand:
    """Somebody with the password of the database."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.on_sqlite = url.startswith("sqlite")

    async def do(self, *statements: str) -> None:
        """All in one transaction."""
        if self.on_sqlite:
            raw = open_sqlite(sqlite_path(self._url), busy_timeout=5)
            try:
                raw.execute("BEGIN")
                for statement in statements:
                    raw.execute(statement)
                raw.execute("COMMIT")
            finally:
                raw.close()
            return
        connection = await connect(self._url)
        try:
            async with connection.transaction():
                for statement in statements:
                    await connection.execute(statement)
        finally:
            await connection.close()

    async def tamper(self, table: str, statement: str) -> None:
        """Around the triggers."""
        if self.on_sqlite:
            raw = open_sqlite(sqlite_path(self._url), busy_timeout=5)
            raw.execute("PRAGMA foreign_keys = OFF")
            triggers = raw.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,)
            )
            for name, _ in triggers.fetchall():
                raw.execute(f"DROP TRIGGER {name}")
            raw.execute(statement)
            raw.close()
            return
        await self.do(f"ALTER TABLE {table} DISABLE TRIGGER ALL", statement, f"ALTER TABLE {table} ENABLE TRIGGER ALL")


@pytest.fixture
def hand(database_url: str) -> Hand:
    return Hand(database_url)


@pytest.fixture
async def books(database_url: str) -> AsyncIterator[Bookkeeper]:
    backend = await SqlBackend.open(database_url)
    keeper = Bookkeeper(backend)
    await keeper.open("bank")
    await keeper.open("sales", AccountType.REVENUE)
    await keeper.open("wallet:a", AccountType.LIABILITY, floor=0)
    await keeper.move("load", "wallet:a", "bank", 50)
    await keeper.move("sale", "sales", "bank", 7)
    await keeper.snapshots()
    await keeper.seal()
    yield keeper
    await backend.close()


@pytest.mark.parametrize("table", KEPT)
async def test_no_row_is_changed_or_removed(books: Bookkeeper, hand: Hand, table: str) -> None:
    column = COLUMNS.get(table, "at")
    statements = [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"]
    statements.append(
        f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}" if hand.on_sqlite else f"TRUNCATE {table} CASCADE"
    )
    for statement in statements:
        with pytest.raises(REFUSED, match=r"append-only|(UNIQUE|CHECK) constraint failed"):
            await hand.do(statement)
    assert (await books.verify()).sound


async def test_a_posted_transfer_takes_no_more_postings(books: Bookkeeper, hand: Hand) -> None:
    both = [
        "INSERT INTO ledger_postings (transfer_id, line, account, currency, amount, at)"
        f" SELECT id, {line}, 'bank', 'EUR', {amount}, at FROM ledger_transfers WHERE reference = 'sale'"
        for line, amount in ((7, 5), (8, -5))
    ]
    with pytest.raises((ours.IntegrityError, asyncpg.CheckViolationError), match=r"whole|postings"):
        await hand.do(*both)


@pytest.mark.parametrize(
    ("postings", "constraint"),
    [
        ((debit("bank", euros(5)), credit("sales", euros(4))), "ck_ledger_transfers_balanced"),
        ((debit("bank", euros(5)), credit("nowhere", euros(5))), "ck_ledger_transfers_accounts"),
    ],
)
async def test_what_gets_past_the_code_does_not_get_past_the_commit(
    books: Bookkeeper, postings: tuple[Any, ...], constraint: str
) -> None:
    async def careless(tx: LedgerTx) -> None:
        await tx.ledger_transfers.append(a_transfer("wrong", *postings), changes={})

    with pytest.raises(CheckViolation, match=constraint):
        await books.ledger.transactions.run(careless)
    assert (await books.verify()).sound


async def test_postings_without_their_transfer_are_not_committed(books: Bookkeeper, hand: Hand) -> None:
    lone = (
        "INSERT INTO ledger_postings (transfer_id, line, account, currency, amount, at)"
        " SELECT 'transfer_none', 0, 'bank', 'EUR', 5, at FROM ledger_transfers WHERE reference = 'sale'"
    )
    with pytest.raises((ours.IntegrityError, asyncpg.IntegrityConstraintViolationError)):
        await hand.do(lone)


async def test_one_unbalanced_transfer_takes_no_other_of_its_batch_with_it(books: Bookkeeper) -> None:
    async def careless(tx: LedgerTx) -> None:
        transfer = a_transfer("wrong", debit("bank", euros(5)), credit("sales", euros(4)))
        await tx.ledger_transfers.append(transfer, changes={})

    outcomes = await asyncio.gather(
        *[books.move(f"right {number}", "sales", "bank", 1) for number in range(5)],
        books.ledger.transactions.run(careless),
        *[books.move(f"right too {number}", "sales", "bank", 1) for number in range(5)],
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)] == [CheckViolation]
    assert await books.balance("sales") == 17


TAMPERED = {
    "an amount": ("ledger_postings", "UPDATE ledger_postings SET amount = 8 WHERE amount = 7", "transfers_balance"),
    "both amounts": (
        "ledger_postings",
        "UPDATE ledger_postings SET amount = amount * 2 WHERE transfer_id ="
        " (SELECT id FROM ledger_transfers WHERE reference = 'sale')",
        "entries_sealed",
    ),
    "an account": (
        "ledger_postings",
        "UPDATE ledger_postings SET account = 'bank' WHERE account = 'sales'",
        "entries_sealed",
    ),
    "a description": ("ledger_transfers", "UPDATE ledger_transfers SET description = 'x'", "entries_sealed"),
    "a transfer gone": ("ledger_transfers", "DELETE FROM ledger_transfers WHERE reference = 'sale'", "postings_belong"),
    "a posting gone": ("ledger_postings", "DELETE FROM ledger_postings WHERE amount = 7", "entries_sealed"),
    "a snapshot": ("ledger_snapshots", "UPDATE ledger_snapshots SET amount = amount + 1", "snapshots_add_up"),
    "a kept balance": ("ledger_balances", "UPDATE ledger_balances SET balance = 51", "floors_hold"),
    "a type": ("ledger_accounts", "UPDATE ledger_accounts SET type = 'asset' WHERE code = 'sales'", "entries_sealed"),
    "a block": ("ledger_blocks", "UPDATE ledger_blocks SET previous = hash", "blocks_linked"),
}


@pytest.mark.parametrize("what", TAMPERED)
async def test_tampering_is_found(books: Bookkeeper, hand: Hand, what: str) -> None:
    table, statement, rule = TAMPERED[what]
    await hand.tamper(table, statement)
    found = await books.verify()
    assert not found.sound
    assert rule in {check.rule for check in found.checks if check.wrong}


async def test_the_entry_that_was_changed_is_named(books: Bookkeeper, hand: Hand) -> None:
    sale = await books.move("another", "sales", "bank", 9)
    await books.seal()
    await hand.tamper("ledger_postings", "UPDATE ledger_postings SET amount = -90 WHERE amount = -9")
    found = await books.verify()
    (broken,) = found.broken
    assert broken.endswith(f"({sale.id})")


async def test_an_entry_put_between_sealed_ones_is_found(books: Bookkeeper, hand: Hand) -> None:
    """With a posting removed and another put at its place."""
    await hand.tamper("ledger_postings", "DELETE FROM ledger_postings WHERE amount = -7")
    overriding = "" if hand.on_sqlite else " OVERRIDING SYSTEM VALUE"
    await hand.tamper(
        "ledger_postings",
        "INSERT INTO ledger_postings (position, transfer_id, line, account, currency, amount, at)"
        f"{overriding} SELECT 4, id, 1, 'bank', 'EUR', -7, at FROM ledger_transfers WHERE reference = 'sale'",
    )
    found = await books.verify()
    assert [broken.split()[0] for broken in found.broken] == ["4"]
