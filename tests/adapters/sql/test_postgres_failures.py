"""Cancelled callers, lost connections, full pools, closing processes: nobody is told what is not so."""

import asyncio
import random
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest
from sqlalchemy import text
from tests.adapters.sql.notes import ALL_NOTES, INSERT_NOTE, note
from tests.adapters.sql.postgres_notes import adding, make_notes, names_on, wire

from tradepost.kernel.transactions import OutcomeUnknown, Unavailable
from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.postgres import PostgresReads, PostgresTransactions
from tradepost_adapters.sql.postgres_pool import PostgresPool, connect
from tradepost_adapters.sql.statements import Statement

PID = Statement(text("SELECT pg_backend_pid()"), name="pid")
PAUSE = Statement(text("SELECT pg_sleep(0.2)"), name="pause")


def same(connection: Connection) -> Connection:
    return connection


@pytest.fixture
async def url(empty_postgres_url: str) -> str:
    await make_notes(empty_postgres_url)
    return empty_postgres_url


@pytest.fixture
async def pool(url: str) -> AsyncIterator[PostgresPool]:
    made = PostgresPool(url, most=4, patience=10)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def transactions(pool: PostgresPool) -> PostgresTransactions[Connection]:
    return PostgresTransactions(pool, same)


async def kill(url: str, pid: int) -> None:
    raw = await connect(url)
    await raw.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
    await raw.close()


def taking_its_time(name: str) -> Any:
    async def work(tx: Connection) -> str:
        await tx.insert(INSERT_NOTE, [note(name)])
        await tx.one(PAUSE)
        return name

    return work


class TestLostConnections:
    async def test_a_connection_lost_in_the_middle_is_unavailable_and_leaves_nothing(
        self, transactions: PostgresTransactions[Connection], url: str
    ) -> None:
        async def work(tx: Connection) -> None:
            await tx.insert(INSERT_NOTE, [note("a")])
            row = await tx.one(PID)
            assert row is not None
            killing = Statement(text(f"SELECT pg_terminate_backend({row[0]})"), name="kill")
            await tx.one(killing)

        with pytest.raises(Unavailable):
            await transactions.run(work)
        assert await transactions.run(adding("b")) == "b"
        assert await names_on(url) == ["b"]

    async def test_connections_that_died_while_idle_are_replaced(
        self, transactions: PostgresTransactions[Connection], pool: PostgresPool, url: str
    ) -> None:
        row = await PostgresReads(pool).one(PID)
        assert row is not None
        await kill(url, row[0])
        assert await transactions.run(adding("a")) == "a"

    @pytest.mark.parametrize("before", [True, False], ids=["before it arrives", "after it is done"])
    async def test_a_connection_lost_during_commit_is_an_unknown_outcome(self, url: str, before: bool) -> None:
        async with wire(url, b"COMMIT\0", before=before) as cut:
            pool = PostgresPool(cut, most=1)
            await pool.open()
            with pytest.raises(OutcomeUnknown):
                await PostgresTransactions(pool, same).run(adding("a"))
            await pool.close()
        await asyncio.sleep(0.05)
        assert await names_on(url) == ([] if before else ["a"])

    @pytest.mark.parametrize("before", [True, False], ids=["before it arrives", "after it is done"])
    async def test_a_lost_statement_that_is_a_transaction_by_itself_is_an_unknown_outcome(
        self, url: str, before: bool
    ) -> None:
        async def deferring(tx: Connection) -> None:
            tx.defer(INSERT_NOTE, [note("the-last-one")])

        async with wire(url, b"the-last-one", before=before) as cut:
            pool = PostgresPool(cut, most=1)
            await pool.open()
            with pytest.raises(OutcomeUnknown):
                await PostgresTransactions(pool, same).run(deferring)
            await pool.close()
        await asyncio.sleep(0.05)
        assert await names_on(url) == ([] if before else ["the-last-one"])

    async def test_a_rollback_that_fails_does_not_hide_why_it_was_needed(self, url: str) -> None:
        async def work(tx: Connection) -> None:
            await tx.insert(INSERT_NOTE, [note("a")])
            raise KeyError("the reason")

        async with wire(url, b"ROLLBACK\0", before=True) as cut:
            pool = PostgresPool(cut, most=1)
            await pool.open()
            with pytest.raises(KeyError, match="the reason"):
                await PostgresTransactions(pool, same).run(work)
            await pool.close()

    async def test_a_server_that_is_away_is_unavailable(self, tmp_path: Any) -> None:
        pool = PostgresPool(f"postgresql://postgres@/x?host={tmp_path}")
        with pytest.raises(Unavailable):
            await pool.open()

    async def test_a_server_that_does_not_answer_is_unavailable(self, url: str) -> None:
        pool = PostgresPool(url, most=1, answer=0.05)
        await pool.open()
        with pytest.raises(Unavailable):
            await PostgresTransactions(pool, same).run(taking_its_time("a"))
        with pytest.raises(Unavailable):
            await PostgresReads(pool).one(PAUSE)
        await pool.close()
        assert await names_on(url) == []

    async def test_a_full_pool_is_unavailable(self, url: str) -> None:
        pool = PostgresPool(url, most=1, patience=0.05)
        await pool.open()
        transactions = PostgresTransactions(pool, same)
        slow = asyncio.create_task(transactions.run(taking_its_time("a")))
        await asyncio.sleep(0.02)
        with pytest.raises(Unavailable, match="free"):
            await transactions.run(adding("b"))
        assert await slow == "a"
        await pool.close()


class TestCancellation:
    async def test_whoever_waits_for_a_connection_has_not_begun(self, url: str) -> None:
        pool = PostgresPool(url, most=1)
        await pool.open()
        transactions = PostgresTransactions(pool, same)
        slow = asyncio.create_task(transactions.run(taking_its_time("a")))
        await asyncio.sleep(0.05)
        waiting = asyncio.create_task(transactions.run(adding("b")))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert not slow.done()
        await slow
        assert await transactions.run(adding("c")) == "c"
        await pool.close()
        assert await names_on(url) == ["a", "c"]

    async def test_what_has_begun_is_settled_before_the_caller_goes(
        self, transactions: PostgresTransactions[Connection], url: str
    ) -> None:
        running = asyncio.create_task(transactions.run(taking_its_time("a")))
        await asyncio.sleep(0.1)
        for _ in range(3):
            running.cancel()
            await asyncio.sleep(0.01)
        with pytest.raises(asyncio.CancelledError):
            await running
        assert await names_on(url) == ["a"]

    async def test_a_time_out_is_told_when_the_work_is_done(
        self, transactions: PostgresTransactions[Connection], url: str
    ) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await transactions.run(taking_its_time("a"))
        assert await names_on(url) == ["a"]

    async def test_in_a_storm_of_cancellations_nothing_happens_after_the_caller_was_told(
        self, transactions: PostgresTransactions[Connection], url: str
    ) -> None:
        chance = random.Random(7)
        committed: set[str] = set()
        late: list[str] = []

        async def one(number: int) -> None:
            name = f"n{number:03}"
            await asyncio.sleep(chance.random() * 0.2)
            try:
                async with asyncio.timeout(chance.random() * 0.006 if number % 3 else None):
                    committed.add(await transactions.run(adding(name)))
            except TimeoutError:
                late.append(name)

        await asyncio.gather(*(one(number) for number in range(300)))
        seen = set(await names_on(url))
        assert committed <= seen
        assert seen <= committed | set(late)
        await asyncio.sleep(0.1)
        assert set(await names_on(url)) == seen
        assert late
        assert len(committed) >= 100

    async def test_a_reader_that_leaves_gives_its_connection_back(self, pool: PostgresPool) -> None:
        reads = PostgresReads(pool)
        for _ in range(8):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await reads.one(PAUSE)
        assert await reads.all(ALL_NOTES) == []


class TestClosing:
    async def test_closing_waits_for_what_is_running_and_takes_nothing_new(
        self, transactions: PostgresTransactions[Connection], url: str
    ) -> None:
        running = asyncio.create_task(transactions.run(taking_its_time("a")))
        await asyncio.sleep(0.05)
        await transactions.close()
        assert running.done()
        with pytest.raises(Unavailable, match="closed"):
            await transactions.run(adding("b"))
        assert await names_on(url) == ["a"]

    async def test_a_closed_pool_is_unavailable(self, pool: PostgresPool) -> None:
        await pool.close()
        with pytest.raises(Unavailable, match="closed"):
            await PostgresReads(pool).all(ALL_NOTES)

    def test_a_loop_that_ends_with_commits_on_their_way_misreports_none(self, postgres_databases: Any) -> None:
        told: dict[str, str] = {}

        async def one(transactions: PostgresTransactions[Connection], name: str) -> None:
            try:
                await transactions.run(adding(name))
                told[name] = "committed"
            except asyncio.CancelledError:
                told[name] = "cancelled"
                raise
            except BaseException as error:
                told[name] = repr(error)
                raise

        async def main(url: str) -> None:
            pool = PostgresPool(url, most=4)
            await pool.open()
            transactions = PostgresTransactions(pool, same)
            running = {asyncio.create_task(one(transactions, f"n{number:03}")) for number in range(200)}
            while len(told) < 40:
                await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                running = {task for task in running if not task.done()}
            assert running  # and out: `asyncio.run` cancels what is left, without a word to us

        def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
            return asyncio.run(coroutine)

        with postgres_databases.empty() as url:
            run(make_notes(url))
            run(main(url))
            seen = set(run(names_on(url)))
        committed = {name for name, outcome in told.items() if outcome == "committed"}
        assert set(told.values()) == {"committed", "cancelled"}
        assert committed <= seen
        assert len(seen - committed) <= 4  # begun when the loop ended: carried through, and told as cancelled
