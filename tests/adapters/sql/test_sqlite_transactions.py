import asyncio
import gc
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, select, text, update
from tests.adapters.sql.notes import ALL_NOTES, INSERT_NOTE, INSERT_TAG, make_notes_file, names_in, note, notes, tags

from tradepost.kernel.errors import Conflict
from tradepost.kernel.transactions import StaleVersion, TransactionMisuse, Unavailable
from tradepost_adapters.sql.connection import CheckViolation, Connection, ForeignKeyViolation, UniqueViolation
from tradepost_adapters.sql.sqlite import SqliteTransactions
from tradepost_adapters.sql.sqlite_reads import SqliteReads
from tradepost_adapters.sql.statements import Insert, Statement
from tradepost_adapters.sqlite_library import sqlite3

Work = Callable[[Connection], Coroutine[Any, Any, Any]]
COUNT = Statement(text("SELECT count(*) FROM notes"), name="notes.count")
RENUMBER = Statement(
    update(notes).where(notes.c.id == bindparam("which")).values(number=bindparam("new_number")), name="notes.renumber"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return make_notes_file(tmp_path / "notes.db")


@pytest.fixture
async def transactions(path: Path) -> AsyncIterator[SqliteTransactions[Connection]]:
    made: SqliteTransactions[Connection] = SqliteTransactions(path, lambda connection: connection, busy_timeout=0.2)
    yield made
    await made.close()


def adding(*names: str, number: int = 1) -> Work:
    async def work(tx: Connection) -> str:
        await tx.insert(INSERT_NOTE, [note(name, number) for name in names])
        return names[0]

    return work


class Held:
    """The file, written to by somebody else until `release`."""

    def __init__(self, path: Path) -> None:
        self._raw = sqlite3.connect(str(path), isolation_level=None)
        self._raw.execute("BEGIN IMMEDIATE")

    def release(self) -> None:
        self._raw.execute("ROLLBACK")
        self._raw.close()


class Gate:
    """Work that keeps the writer busy until it is opened, so that what is queued meanwhile becomes one batch."""

    def __init__(self) -> None:
        self._begun = threading.Event()
        self._open = threading.Event()

    async def work(self, tx: Connection) -> None:
        self._begun.set()
        assert self._open.wait(10)

    async def begun(self) -> None:
        assert await asyncio.to_thread(self._begun.wait, 10)

    def open(self) -> None:
        self._open.set()


async def queued(transactions: SqliteTransactions[Connection], *works: Work) -> list[Any]:
    """Run these as one batch."""
    gate = Gate()
    first = asyncio.create_task(transactions.run(gate.work))
    await gate.begun()
    rest = [asyncio.create_task(transactions.run(work)) for work in works]
    await asyncio.sleep(0)
    gate.open()
    await first
    return await asyncio.gather(*rest, return_exceptions=True)


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


class TestViolations:
    async def test_a_unique_key_that_is_there_is_named(self, transactions: SqliteTransactions[Connection]) -> None:
        await transactions.run(adding("a"))
        with pytest.raises(UniqueViolation) as caught:
            await transactions.run(adding("a"))
        assert caught.value.concerns("notes")
        assert caught.value.concerns("notes", "id")
        assert not caught.value.concerns("notes", "number")
        assert not caught.value.concerns("tags")

    async def test_a_composite_key_names_all_columns(self, transactions: SqliteTransactions[Connection]) -> None:
        async def work(tx: Connection) -> None:
            await tx.insert(INSERT_NOTE, [note("a")])
            await tx.insert(INSERT_TAG, [{"note_id": "a", "tag": "x"}, {"note_id": "a", "tag": "x"}])

        with pytest.raises(UniqueViolation) as caught:
            await transactions.run(work)
        assert caught.value.concerns("tags", "note_id", "tag")

    async def test_a_unique_index_on_an_expression_names_its_table(
        self, transactions: SqliteTransactions[Connection], path: Path
    ) -> None:
        raw = sqlite3.connect(str(path))
        raw.execute("CREATE UNIQUE INDEX ux_notes_lower ON notes (lower(id))")
        raw.close()
        await transactions.run(adding("a"))
        with pytest.raises(UniqueViolation) as caught:
            await transactions.run(adding("A"))
        assert caught.value.concerns("notes")
        assert caught.value.constraint == "ux_notes_lower"

    async def test_an_insert_may_say_what_its_conflict_is_called(
        self, transactions: SqliteTransactions[Connection]
    ) -> None:
        insert = Insert(tags, conflict=KeyError)

        async def work(tx: Connection) -> None:
            await tx.insert(INSERT_NOTE, [note("a")])
            tx.defer(insert, [{"note_id": "a", "tag": "x"}] * 2)

        with pytest.raises(KeyError):
            await transactions.run(work)

    async def test_a_check_that_says_no_is_named(self, transactions: SqliteTransactions[Connection]) -> None:
        with pytest.raises(CheckViolation) as caught:
            await transactions.run(adding("a", number=-1))
        assert caught.value.constraint == "ck_notes_not_negative"

    async def test_foreign_keys_are_enforced(self, transactions: SqliteTransactions[Connection]) -> None:
        async def work(tx: Connection) -> None:
            await tx.insert(INSERT_TAG, [{"note_id": "nobody", "tag": "x"}])

        with pytest.raises(ForeignKeyViolation):
            await transactions.run(work)

    @pytest.mark.parametrize("goes_on", [True, False])
    async def test_work_that_hides_a_violation_is_a_misuse(
        self, transactions: SqliteTransactions[Connection], path: Path, goes_on: bool
    ) -> None:
        async def work(tx: Connection) -> None:
            await tx.insert(INSERT_NOTE, [note("a")])
            with pytest.raises(UniqueViolation):
                await tx.insert(INSERT_NOTE, [note("a")])
            if goes_on:
                await tx.insert(INSERT_NOTE, [note("b")])

        with pytest.raises(TransactionMisuse, match="UniqueViolation"):
            await transactions.run(work)
        assert names_in(path) == []

    async def test_a_mistake_in_the_sql_comes_out_as_it_is(self, transactions: SqliteTransactions[Connection]) -> None:
        async def work(tx: Connection) -> None:
            await tx.all(Statement(text("SELECT id FROM nowhere"), name="wrong"))

        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            await transactions.run(work)


class TestMisuse:
    @pytest.mark.parametrize(
        "wait",
        [
            lambda: asyncio.sleep(0),
            lambda: asyncio.sleep(0.01),
            lambda: asyncio.to_thread(time.sleep, 0),
            lambda: asyncio.gather(asyncio.sleep(0), asyncio.sleep(0)),
            lambda: asyncio.wait_for(asyncio.sleep(0), 1),
            lambda: asyncio.open_connection("127.0.0.1", 1),
        ],
        ids=["sleep(0)", "sleep", "to_thread", "gather", "wait_for", "open_connection"],
    )
    @pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    async def test_waiting_for_anything_else_is_an_error_by_name(
        self, transactions: SqliteTransactions[Connection], path: Path, wait: Callable[[], Any]
    ) -> None:
        async def work(tx: Connection) -> None:
            await tx.insert(INSERT_NOTE, [note("a")])
            await wait()

        with pytest.raises(TransactionMisuse):
            await transactions.run(work)
        assert names_in(path) == []
        await transactions.run(adding("b"))
        assert names_in(path) == ["b"]
        gc.collect()

    async def test_a_transaction_in_a_transaction_is_refused(
        self, transactions: SqliteTransactions[Connection], path: Path
    ) -> None:
        async def work(tx: Connection) -> None:
            await tx.insert(INSERT_NOTE, [note("a")])
            await transactions.run(adding("b"))

        with pytest.raises(TransactionMisuse):
            await transactions.run(work)
        assert names_in(path) == []

    async def test_reading_past_the_transaction_is_refused(
        self, transactions: SqliteTransactions[Connection], path: Path
    ) -> None:
        reads = SqliteReads(path)

        async def work(tx: Connection) -> None:
            await reads.all(ALL_NOTES)

        with pytest.raises(TransactionMisuse):
            await transactions.run(work)
        await reads.close()

    async def test_a_transaction_that_was_kept_can_do_nothing(
        self, transactions: SqliteTransactions[Connection]
    ) -> None:
        async def work(tx: Connection) -> Connection:
            return tx

        kept = await transactions.run(work)
        with pytest.raises(TransactionMisuse, match="has ended"):
            await kept.all(ALL_NOTES)
        with pytest.raises(TransactionMisuse, match="has ended"):
            kept.defer(INSERT_NOTE, [note("a")])


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


class TestReads:
    async def test_a_reader_sees_what_was_committed_before_it_asked(
        self, transactions: SqliteTransactions[Connection], path: Path
    ) -> None:
        reads = SqliteReads(path, size=2)
        for number in range(1, 6):
            await transactions.run(adding(f"n{number}"))
            found = await asyncio.gather(*(reads.all(ALL_NOTES) for _ in range(4)))
            assert [len(rows) for rows in found] == [number] * 4
        assert await reads.one(COUNT) == (5,)
        await reads.close()

    async def test_a_reader_can_not_write(self, path: Path) -> None:
        reads = SqliteReads(path)
        with pytest.raises(Unavailable):
            await reads.all(Statement(text("INSERT INTO tags VALUES ('a', 'b')"), name="tags.sneak"))
        await reads.close()

    async def test_a_missing_file_is_unavailable_and_stays_missing(self, tmp_path: Path) -> None:
        reads = SqliteReads(tmp_path / "missing.db")
        with pytest.raises(Unavailable):
            await reads.one(COUNT)
        await reads.close()
        assert not (tmp_path / "missing.db").exists()

    async def test_a_query_nobody_waits_for_is_interrupted(self, path: Path) -> None:
        reads = SqliteReads(path, size=1)
        endless = Statement(
            text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"),
            name="endless",
        )
        assert await reads.one(COUNT) == (0,)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reads.one(endless), 0.1)
        assert await asyncio.wait_for(reads.one(COUNT), 5) == (0,)
        await reads.close()

    async def test_closed_reads_are_unavailable(self, path: Path) -> None:
        reads = SqliteReads(path)
        await reads.close()
        with pytest.raises(Unavailable):
            await reads.one(COUNT)

    async def test_bound_values_and_types_are_the_statements(
        self, transactions: SqliteTransactions[Connection], path: Path
    ) -> None:
        await transactions.run(adding("a"))
        reads = SqliteReads(path)
        one = Statement(select(notes.c.at, notes.c.open).where(notes.c.id == bindparam("id")), name="notes.one")
        assert await reads.one(one, {"id": "a"}) == (note("a")["at"], True)
        assert await reads.one(one, {"id": "b"}) is None
        await reads.close()
