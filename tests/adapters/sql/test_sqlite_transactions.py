import asyncio
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, text, update
from tests.adapters.sql.notes import ALL_NOTES, INSERT_NOTE, INSERT_TAG, names_in, note, notes
from tests.adapters.sql.writing import Gate, Held, Work, adding, queued

from tradepost.kernel.errors import Conflict
from tradepost.kernel.transactions import StaleVersion, TransactionMisuse, Unavailable
from tradepost_adapters.sql.connection import Connection, ForeignKeyViolation
from tradepost_adapters.sql.sqlite import SqliteTransactions
from tradepost_adapters.sql.sqlite_reads import SqliteReads
from tradepost_adapters.sql.statements import Statement
from tradepost_adapters.sqlite_library import sqlite3

COUNT = Statement(text("SELECT count(*) FROM notes"), name="notes.count")
RENUMBER = Statement(
    update(notes).where(notes.c.id == bindparam("which")).values(number=bindparam("new_number")), name="notes.renumber"
)


async def test_what_a_function_returns_is_committed_and_handed_back(
    transactions: SqliteTransactions[Connection], path: Path
) -> None:
    assert await transactions.run(adding("a", "b")) == "a"
    assert names_in(path) == ["a", "b"]


async def test_a_function_that_raises_leaves_nothing(transactions: SqliteTransactions[Connection], path: Path) -> None:
    async def work(tx: Connection) -> None:
        await tx.insert(INSERT_NOTE, [note("a")])
        raise Conflict("note.refused", "No.")

    with pytest.raises(Conflict):
        await transactions.run(work)
    assert names_in(path) == []


async def test_functions_that_wait_together_are_committed_together(
    transactions: SqliteTransactions[Connection], path: Path
) -> None:
    seen: list[list[str]] = []

    def watching(name: str) -> Work:
        async def work(tx: Connection) -> None:
            await tx.insert(INSERT_NOTE, [note(name)])
            seen.append(names_in(path))

        return work

    assert await queued(transactions, *(watching(name) for name in "abcd")) == [None] * 4
    assert seen == [[]] * 4
    assert names_in(path) == list("abcd")


async def test_functions_that_come_in_meanwhile_are_committed_with_the_first(
    transactions: SqliteTransactions[Connection], path: Path
) -> None:
    gate = Gate()
    seen: list[list[str]] = []

    async def first(tx: Connection) -> None:
        await tx.insert(INSERT_NOTE, [note("a")])
        await gate.work(tx)

    async def late(tx: Connection) -> None:
        await tx.insert(INSERT_NOTE, [note("b")])
        seen.append(names_in(path))

    running = asyncio.create_task(transactions.run(first))
    await gate.begun()
    following = asyncio.create_task(transactions.run(late))
    await asyncio.sleep(0)
    gate.open()
    await asyncio.gather(running, following)
    assert seen == [[]]
    assert names_in(path) == ["a", "b"]


async def test_one_function_that_fails_is_rolled_back_alone(
    transactions: SqliteTransactions[Connection], path: Path
) -> None:
    async def failing(tx: Connection) -> None:
        await tx.insert(INSERT_NOTE, [note("lost")])
        raise ZeroDivisionError

    a, b, c = await queued(transactions, adding("a"), failing, adding("c"))
    assert (a, c) == ("a", "c")
    assert isinstance(b, ZeroDivisionError)
    assert names_in(path) == ["a", "c"]


async def test_functions_see_what_those_before_them_did(transactions: SqliteTransactions[Connection]) -> None:
    async def count(tx: Connection) -> int:
        row = await tx.one(COUNT)
        assert row is not None
        return int(row[0])

    assert await queued(transactions, adding("a"), count, adding("b", "c"), count) == ["a", 1, "b", 3]


async def test_a_batch_whose_commit_fails_is_run_again_one_by_one(path: Path) -> None:
    # a foreign key that is checked at COMMIT fails the batch and not the statement
    raw = sqlite3.connect(str(path))
    raw.execute("CREATE TABLE late (id TEXT PRIMARY KEY REFERENCES notes(id) DEFERRABLE INITIALLY DEFERRED)")
    raw.close()
    insert_late = Statement(text("INSERT INTO late VALUES ('nobody')"), name="late.insert")
    transactions: SqliteTransactions[Connection] = SqliteTransactions(path, lambda connection: connection)

    async def late(tx: Connection) -> None:
        await tx.run(insert_late)

    async def depends(tx: Connection) -> str:
        row = await tx.one(Statement(text("SELECT count(*) FROM late"), name="late.count"))
        if row != (0,):
            raise Conflict("late.there", "It only looked so.")
        return "fine"

    a, failed, c, d = await queued(transactions, adding("a"), late, adding("c"), depends)
    assert (a, c) == ("a", "c")
    assert isinstance(failed, ForeignKeyViolation)
    assert d == "fine"
    assert names_in(path) == ["a", "c"]
    assert await transactions.run(adding("later")) == "later"
    await transactions.close()


async def test_a_database_that_rolls_back_everything_costs_only_the_culprit(path: Path) -> None:
    raw = sqlite3.connect(str(path), isolation_level=None)
    raw.execute("CREATE TRIGGER bomb BEFORE INSERT ON tags BEGIN SELECT RAISE(ROLLBACK, 'boom'); END")
    raw.close()
    transactions: SqliteTransactions[Connection] = SqliteTransactions(path, lambda connection: connection)

    async def bomb(tx: Connection) -> None:
        await tx.insert(INSERT_TAG, [{"note_id": "a", "tag": "x"}])

    a, failed, c = await queued(transactions, adding("a"), bomb, adding("c"))
    assert (a, c) == ("a", "c")
    assert isinstance(failed, sqlite3.IntegrityError)
    assert names_in(path) == ["a", "c"]
    await transactions.close()


async def test_work_may_not_end_the_transaction_by_itself(
    transactions: SqliteTransactions[Connection], path: Path
) -> None:
    async def work(tx: Connection) -> None:
        await tx.run(Statement(text("ROLLBACK"), name="rollback"))

    with pytest.raises(TransactionMisuse, match="ended the transaction"):
        await transactions.run(work)
    await transactions.run(adding("a"))
    assert names_in(path) == ["a"]


async def test_run_says_how_many_rows_it_touched(transactions: SqliteTransactions[Connection]) -> None:
    async def work(tx: Connection) -> list[int]:
        await tx.insert(INSERT_NOTE, [note("a")])
        return [
            await tx.run(RENUMBER, {"which": "a", "new_number": 2}),
            await tx.run(RENUMBER, {"which": "b", "new_number": 2}),
        ]

    assert await transactions.run(work) == [1, 0]


async def test_the_connection_is_durable_and_bounded(transactions: SqliteTransactions[Connection]) -> None:
    async def work(tx: Connection) -> list[Any]:
        found = []
        for pragma in ("journal_mode", "synchronous", "foreign_keys", "journal_size_limit"):
            row = await tx.one(Statement(text(f"PRAGMA {pragma}"), name=pragma))
            assert row is not None
            found.append(row[0])
        return found

    assert await transactions.run(work) == ["wal", 2, 1, 64 * 1024 * 1024]


class TestConflicts:
    async def test_a_stale_version_is_tried_again_from_a_clean_state(
        self, transactions: SqliteTransactions[Connection], path: Path
    ) -> None:
        attempts = 0

        async def work(tx: Connection) -> int:
            nonlocal attempts
            attempts += 1
            await tx.insert(INSERT_NOTE, [note("a")])
            if attempts < 3:
                raise StaleVersion("note_a")
            return attempts

        assert await transactions.run(work) == 3
        assert names_in(path) == ["a"]

    async def test_one_that_stays_stale_is_given_up(self, transactions: SqliteTransactions[Connection]) -> None:
        attempts = 0

        async def work(tx: Connection) -> None:
            nonlocal attempts
            attempts += 1
            raise StaleVersion("note_a")

        with pytest.raises(StaleVersion):
            await transactions.run(work)
        assert 1 < attempts < 20

    async def test_every_attempt_has_the_callers_context_and_changes_none(
        self, transactions: SqliteTransactions[Connection]
    ) -> None:
        variable: ContextVar[str] = ContextVar("variable", default="unset")
        variable.set("the caller's")
        seen: list[str] = []

        async def work(tx: Connection) -> None:
            seen.append(variable.get())
            variable.set("the work's")
            if len(seen) < 2:
                raise StaleVersion("note_a")

        await transactions.run(work)
        assert seen == ["the caller's"] * 2
        assert variable.get() == "the caller's"


class TestBusyFile:
    async def test_a_file_that_stays_busy_is_unavailable(
        self, transactions: SqliteTransactions[Connection], path: Path
    ) -> None:
        held = Held(path)
        begun = 0

        async def work(tx: Connection) -> None:
            nonlocal begun
            begun += 1

        with pytest.raises(Unavailable) as caught:
            await transactions.run(work)
        assert caught.value.code == "database.unavailable"
        assert begun == 0
        held.release()
        assert await transactions.run(adding("a")) == "a"

    async def test_a_file_that_is_free_again_in_time_is_waited_for(self, path: Path) -> None:
        transactions: SqliteTransactions[Connection] = SqliteTransactions(path, lambda c: c, busy_timeout=10)
        held = Held(path)
        running = asyncio.create_task(transactions.run(adding("a")))
        await asyncio.sleep(0.1)
        held.release()
        assert await running == "a"
        await transactions.close()

    async def test_readers_are_not_kept_waiting(self, transactions: SqliteTransactions[Connection], path: Path) -> None:
        await transactions.run(adding("a"))
        held = Held(path)
        reads = SqliteReads(path, busy_timeout=0)
        assert len(await reads.all(ALL_NOTES)) == 1
        await reads.close()
        held.release()

    async def test_a_file_that_can_not_be_opened_is_unavailable(self, tmp_path: Path) -> None:
        transactions: SqliteTransactions[Connection] = SqliteTransactions(tmp_path / "no" / "where.db", lambda c: c)
        with pytest.raises(Unavailable):
            await transactions.run(adding("a"))
        await transactions.close()
