import asyncio
import threading
from pathlib import Path

import pytest
from tests.adapters.sql.notes import INSERT_NOTE, names_in, note
from tests.adapters.sql.writing import Gate, Held, adding

from tradepost.kernel.transactions import Unavailable
from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.sqlite import SqliteTransactions


class TestCancellation:
    async def test_work_not_begun_never_begins(self, transactions: SqliteTransactions[Connection], path: Path) -> None:
        gate = Gate()
        first = asyncio.create_task(transactions.run(gate.work))
        await gate.begun()
        second = asyncio.create_task(transactions.run(adding("never")))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        assert not first.done()
        gate.open()
        await first
        await transactions.run(adding("later"))
        assert names_in(path) == ["later"]

    async def test_work_begun_is_settled_before_the_caller_goes(
        self, transactions: SqliteTransactions[Connection], path: Path
    ) -> None:
        begun, proceed = threading.Event(), threading.Event()

        async def work(tx: Connection) -> None:
            await tx.insert(INSERT_NOTE, [note("a")])
            begun.set()
            assert proceed.wait(10)

        running = asyncio.create_task(transactions.run(work))
        assert await asyncio.to_thread(begun.wait, 10)
        for _ in range(3):  # however often the caller is asked to leave
            running.cancel()
            await asyncio.sleep(0.01)
            assert not running.done()
        proceed.set()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert names_in(path) == ["a"]

    async def test_whoever_waits_for_a_busy_file_may_leave_at_once(self, path: Path) -> None:
        transactions: SqliteTransactions[Connection] = SqliteTransactions(path, lambda c: c, busy_timeout=10)
        held = Held(path)
        running = asyncio.create_task(transactions.run(adding("never")))
        await asyncio.sleep(0.1)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        held.release()
        await transactions.run(adding("later"))
        assert names_in(path) == ["later"]
        await transactions.close()

    async def test_every_cancelled_call_either_happened_before_it_returned_or_never_will(
        self, transactions: SqliteTransactions[Connection], path: Path
    ) -> None:
        undecided: list[str] = []

        async def call(name: str, delay: float) -> None:
            running = asyncio.create_task(transactions.run(adding(name)))
            await asyncio.sleep(delay)
            running.cancel()
            try:
                await running
            except asyncio.CancelledError:
                there = name in names_in(path)
                await asyncio.sleep(0.02)
                if (name in names_in(path)) is not there:
                    undecided.append(name)

        await asyncio.gather(*(call(f"n{i:03}", (i % 10) * 0.0003) for i in range(100)))
        assert undecided == []


class TestShutdown:
    async def test_closing_finishes_what_is_queued(self, path: Path) -> None:
        transactions: SqliteTransactions[Connection] = SqliteTransactions(path, lambda connection: connection)
        running = [asyncio.create_task(transactions.run(adding(f"n{i:03}"))) for i in range(300)]
        await asyncio.sleep(0)
        await transactions.close()
        assert len(await asyncio.gather(*running)) == 300
        assert len(names_in(path)) == 300

    async def test_nothing_is_taken_after_closing(self, path: Path) -> None:
        transactions: SqliteTransactions[Connection] = SqliteTransactions(path, lambda connection: connection)
        await transactions.run(adding("a"))
        await transactions.close()
        await transactions.close()
        with pytest.raises(Unavailable):
            await transactions.run(adding("b"))

    def test_a_loop_that_closes_too_early_does_not_stop_the_writer(self, path: Path) -> None:
        transactions: SqliteTransactions[Connection] = SqliteTransactions(path, lambda connection: connection)
        abandoned = asyncio.new_event_loop()
        proceed = threading.Event()

        async def slow(tx: Connection) -> None:
            proceed.wait(10)

        async def leave() -> None:
            task = asyncio.ensure_future(transactions.run(slow))
            await asyncio.sleep(0.05)
            task._log_destroy_pending = False  # type: ignore[attr-defined] # it is abandoned on purpose

        abandoned.run_until_complete(leave())
        abandoned.close()
        proceed.set()

        async def go_on() -> None:
            await transactions.run(adding("a"))
            await transactions.close()

        asyncio.run(go_on())
        assert names_in(path) == ["a"]
