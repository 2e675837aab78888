"""Sealing on Postgres, while transactions are open: nothing is sealed that something may still come before."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from tradepost.ledger.account import AccountType
from tradepost_adapters.contracts.bookkeeper import Bookkeeper
from tradepost_adapters.sql.backend import SqlBackend
from tradepost_adapters.sql.postgres_pool import connect

POST = (
    "INSERT INTO ledger_postings (transfer_id, line, account, currency, amount, at)"
    " VALUES ('transfer_slow', 0, 'bank', 'EUR', 5, now()), ('transfer_slow', 1, 'sales', 'EUR', -5, now())"
)
COMPLETE = (
    "INSERT INTO ledger_transfers (id, reference, at, recorded_at, actor, description, entries)"
    " VALUES ('transfer_slow', 'slow', now(), now(), 'test', '', 2)"
)
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
POSITIONS = "SELECT array_agg(position ORDER BY position) FROM ledger_postings"


@pytest.fixture
async def books(postgres_url: str) -> AsyncIterator[Bookkeeper]:
    backend = await SqlBackend.open(postgres_url)
    keeper = Bookkeeper(backend)
    await keeper.open("bank")
    await keeper.open("sales", AccountType.REVENUE)
    yield keeper
    await backend.close()


@pytest.fixture
async def slow(postgres_url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Somebody who takes long."""
    connection = await connect(postgres_url)
    yield connection
    await connection.close()


async def test_what_a_running_transaction_has_taken_a_place_before_is_not_sealed(
    books: Bookkeeper, slow: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await books.move("first", "sales", "bank", 1)
    await books.seal()
    await books.snapshots()
    running = slow.transaction()
    await running.start()
    await slow.execute(POST)
    await books.move("second", "sales", "bank", 2)  # committed, at higher positions
    assert [await books.seal_once() for _ in range(3)] == [0, 0, 0]
    assert await books.snapshots_once() is None
    before = await books.verify()
    assert (before.sound, before.unsealed.entries) == (True, 2)
    assert await books.balance("bank") == 3

    await slow.execute(COMPLETE)
    await running.commit()
    await books.seal()
    await books.snapshots()
    after = await books.verify()
    assert after.sound
    assert after.unsealed.entries == 0
    assert after.head is not None
    assert after.head.position == 6
    assert await books.balance("bank") == 8


async def test_who_began_last_of_all_is_waited_for_as_well(
    books: Bookkeeper, slow: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """A snapshot's xmax is the number after the last transaction that has ended, so theirs is not below it."""
    await books.move("first", "sales", "bank", 1)
    running = slow.transaction()
    await running.start()
    await slow.execute(POST)
    assert await books.snapshots_once() is None
    assert await books.seal_once() == 0
    await slow.execute(COMPLETE)
    await running.commit()
    await books.snapshots()
    assert await books.balance("bank") == 6
    assert await books.seal() == 4
    assert (await books.verify()).sound


async def test_one_who_has_a_place_but_no_row_yet_is_waited_for_too(
    books: Bookkeeper, slow: "asyncpg.Connection[asyncpg.Record]", postgres_url: str
) -> None:
    assert await sealed_meanwhile(books, slow, postgres_url) == 0
    assert await books.seal() == 4
    assert (await books.verify()).sound


async def test_it_would_not_be_if_a_trigger_had_not_begun_its_transaction(
    books: Bookkeeper, slow: "asyncpg.Connection[asyncpg.Record]", postgres_url: str
) -> None:
    """That the test above rests on the trigger, and not on chance."""
    await slow.execute("ALTER TABLE ledger_postings DISABLE TRIGGER ledger_begin")
    # The first number of a sequence is logged, which begins a transaction too; those after it are not.
    await slow.execute("SELECT nextval('ledger_postings_position_seq')")
    assert await sealed_meanwhile(books, slow, postgres_url) == 2


async def sealed_meanwhile(books: Bookkeeper, slow: "asyncpg.Connection[asyncpg.Record]", postgres_url: str) -> int:
    """How many entries are sealed while somebody was given a position and has no row yet: a row is written after its
    position was given out, and it is the row that begins a transaction."""
    await slow.execute(
        """
        CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.transfer_id = 'transfer_slow' THEN PERFORM pg_advisory_lock_shared(7); END IF;
            RETURN NEW;
        END $$
        """
    )
    await slow.execute("CREATE TRIGGER pause BEFORE INSERT ON ledger_postings FOR EACH ROW EXECUTE FUNCTION pause()")
    holder = await connect(postgres_url)
    await holder.execute("SELECT pg_advisory_lock(7)")
    posting = asyncio.create_task(_post(slow))
    while not await holder.fetchval(WAITING):  # noqa: ASYNC110 - it is the server that is waited for
        await asyncio.sleep(0.01)
    assert await holder.fetchval("SELECT count(*) FROM ledger_postings") == 0
    await books.move("second", "sales", "bank", 2)
    sealed = sum([await books.seal_once() for _ in range(3)])
    await holder.execute("SELECT pg_advisory_unlock(7)")
    await posting
    await holder.close()
    return sealed


async def _post(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    async with connection.transaction():
        await connection.execute(POST)
        await connection.execute(COMPLETE)


async def test_what_was_rolled_back_leaves_a_gap_that_is_passed_over(
    books: Bookkeeper, slow: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await books.move("first", "sales", "bank", 1)
    running = slow.transaction()
    await running.start()
    await slow.execute(POST)
    await running.rollback()
    await books.move("second", "sales", "bank", 2)
    assert await books.seal() == 4
    assert await slow.fetchval(POSITIONS) == [1, 2, 5, 6]
    assert (await books.verify()).sound


async def test_a_copy_on_another_server_can_go_on_sealing(
    books: Bookkeeper, slow: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """Its transactions are numbered anew, so marks of the old server lie in what is the future here."""
    await books.move("first", "sales", "bank", 1)
    await slow.execute("INSERT INTO ledger_marks (position, horizon) VALUES (2, 4000000000000)")
    assert await books.seal() == 2
    await books.move("second", "sales", "bank", 1)
    assert await books.seal() == 2
    assert (await books.verify()).sound
