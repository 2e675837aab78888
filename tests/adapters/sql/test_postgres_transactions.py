import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from typing import Any

import asyncpg
import pytest
from sqlalchemy import bindparam, select, text, update
from tests.adapters.sql.notes import ALL_NOTES, INSERT_NOTE, INSERT_TAG, note, notes, tags
from tests.adapters.sql.postgres_notes import WatchedPool, adding, make_notes, names_on

from tradepost.kernel.transactions import StaleVersion, TransactionMisuse
from tradepost_adapters.sql.connection import CheckViolation, Connection, ForeignKeyViolation, UniqueViolation
from tradepost_adapters.sql.postgres import PostgresReads, PostgresTransactions
from tradepost_adapters.sql.postgres_pool import PostgresPool, connect
from tradepost_adapters.sql.statements import Insert, Statement

RENUMBER = Statement(
    update(notes).where(notes.c.id == bindparam("name")).values(number=bindparam("to")), name="notes.renumber"
)
ALL_TAGS = Statement(select(tags.c.tag).order_by(tags.c.tag), name="tags.all")


@pytest.fixture
async def url(empty_postgres_url: str) -> str:
    await make_notes(empty_postgres_url)
    return empty_postgres_url


@pytest.fixture
async def pool(url: str) -> AsyncIterator[WatchedPool]:
    made = WatchedPool(url, most=4, patience=10)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def transactions(pool: WatchedPool) -> PostgresTransactions[Connection]:
    return PostgresTransactions(pool, lambda connection: connection)


async def test_what_a_function_returns_is_committed_and_handed_back(
    transactions: PostgresTransactions[Connection], url: str
) -> None:
    assert await transactions.run(adding("a")) == "a"
    assert await names_on(url) == ["a"]


async def test_a_function_that_raises_leaves_nothing(transactions: PostgresTransactions[Connection], url: str) -> None:
    async def work(tx: Connection) -> None:
        await tx.insert(INSERT_NOTE, [note("a")])
        raise KeyError("b")

    with pytest.raises(KeyError, match="b"):
        await transactions.run(work)
    assert await names_on(url) == []


async def test_every_type_comes_back_as_it_went_in(transactions: PostgresTransactions[Connection]) -> None:
    rows = [note("a", body={"x": [1, 2]}, raw=b"\0\xff"), note("b", 2**60, at=None, open=False)]

    async def work(tx: Connection) -> list[Any]:
        await tx.insert(INSERT_NOTE, rows[:1])
        await tx.insert(INSERT_NOTE, rows[1:])
        await tx.insert(INSERT_NOTE, [{**row, "id": row["id"] * 2} for row in rows])
        return await tx.all(ALL_NOTES)

    a, aa, b, bb = await transactions.run(work)
    assert a == tuple(rows[0].values())
    assert b == tuple(rows[1].values())
    assert (aa[1:], bb[1:]) == (a[1:], b[1:])


async def test_run_says_how_many_rows_it_touched(transactions: PostgresTransactions[Connection]) -> None:
    await transactions.run(adding("a"))

    async def work(tx: Connection) -> tuple[int, int]:
        return await tx.run(RENUMBER, {"name": "a", "to": 2}), await tx.run(RENUMBER, {"name": "b", "to": 2})

    assert await transactions.run(work) == (1, 0)


class TestRoundTrips:
    async def test_inserts_that_nobody_waits_for_are_one_statement_and_one_transaction(
        self, transactions: PostgresTransactions[Connection], pool: WatchedPool, url: str
    ) -> None:
        def two(a: str, b: str) -> Any:
            async def work(tx: Connection) -> None:
                tx.defer(INSERT_NOTE, [note(a)])
                tx.defer(INSERT_TAG, [{"note_id": a, "tag": "x"}, {"note_id": b, "tag": "y"}])
                tx.defer(INSERT_NOTE, [note(b)])

            return work

        await transactions.run(two("a", "b"))  # the first time the driver asks about the types, too
        await pool.sent()
        await transactions.run(two("c", "d"))
        (sent,) = await pool.sent()
        assert sent.startswith("WITH i0 AS (INSERT INTO notes")
        assert await names_on(url) == ["a", "b", "c", "d"]

    async def test_what_was_deferred_waits_for_the_commit_when_no_statement_could_see_it(
        self, transactions: PostgresTransactions[Connection], pool: WatchedPool
    ) -> None:
        async def work(tx: Connection) -> None:
            await tx.all(ALL_NOTES)
            tx.defer(INSERT_TAG, [{"note_id": "a", "tag": "x"}])
            await tx.all(ALL_NOTES)
            tx.defer(INSERT_NOTE, [note("a")])

        await transactions.run(work)
        assert [sent.split()[0] for sent in await pool.sent()] == ["SELECT", "SELECT", "WITH"]

    async def test_what_was_deferred_is_sent_before_a_statement_that_could_see_it(
        self, transactions: PostgresTransactions[Connection], pool: WatchedPool
    ) -> None:
        async def work(tx: Connection) -> list[Any]:
            tx.defer(INSERT_NOTE, [note("a")])
            tx.defer(INSERT_TAG, [{"note_id": "a", "tag": "x"}])
            return await tx.all(ALL_TAGS)

        assert await transactions.run(work) == [("x",)]
        assert [sent.split()[0] for sent in await pool.sent()] == ["BEGIN", "WITH", "SELECT", "COMMIT"]

    async def test_a_change_is_made_after_inserts_into_what_it_is_bound_to(
        self, transactions: PostgresTransactions[Connection], pool: WatchedPool
    ) -> None:
        async def work(tx: Connection) -> None:
            tx.defer(INSERT_TAG, [{"note_id": "a", "tag": "x"}])
            await tx.run(RENUMBER, {"name": "a", "to": 2})

        with pytest.raises(ForeignKeyViolation):
            await transactions.run(work)
        assert [sent.split()[0] for sent in await pool.sent()] == ["BEGIN", "INSERT", "ROLLBACK"]

    async def test_text_may_look_anywhere(self, transactions: PostgresTransactions[Connection]) -> None:
        async def work(tx: Connection) -> Any:
            tx.defer(INSERT_NOTE, [note("a")])
            return await tx.one(Statement(text("SELECT count(*) FROM notes"), name="count"))

        assert await transactions.run(work) == (1,)

    async def test_work_that_asks_for_nothing_costs_nothing(
        self, transactions: PostgresTransactions[Connection], pool: WatchedPool
    ) -> None:
        async def work(tx: Connection) -> int:
            tx.defer(INSERT_NOTE, [])
            await tx.insert(INSERT_NOTE, [])
            return 1

        assert await transactions.run(work) == 1
        assert await pool.sent() == []


class TestViolations:
    async def test_a_unique_key_that_is_there_is_named(self, transactions: PostgresTransactions[Connection]) -> None:
        async def work(tx: Connection) -> None:
            await tx.insert(INSERT_TAG, [{"note_id": "a", "tag": "x"}] * 2)

        await transactions.run(adding("a"))
        with pytest.raises(UniqueViolation) as caught:
            await transactions.run(adding("a"))
        assert caught.value.concerns("notes", "id")
        with pytest.raises(UniqueViolation) as caught:
            await transactions.run(work)
        assert caught.value.concerns("tags", "note_id", "tag")

    async def test_a_unique_index_on_an_expression_names_its_table(
        self, transactions: PostgresTransactions[Connection], url: str
    ) -> None:
        raw = await connect(url)
        await raw.execute("CREATE UNIQUE INDEX lowered ON notes (lower(id))")
        await raw.close()
        await transactions.run(adding("a"))
        with pytest.raises(UniqueViolation) as caught:
            await transactions.run(adding("A"))
        assert caught.value.concerns("notes")
        assert (caught.value.columns, caught.value.constraint) == ((), "lowered")

    async def test_an_insert_may_say_what_its_conflict_is_called(
        self, transactions: PostgresTransactions[Connection]
    ) -> None:
        class Taken(Exception):
            pass

        named = Insert(notes, conflict=Taken)

        async def work(tx: Connection) -> None:
            tx.defer(named, [note("a")])
            tx.defer(INSERT_TAG, [{"note_id": "a", "tag": "x"}])

        await transactions.run(adding("a"))
        with pytest.raises(Taken):
            await transactions.run(work)

    async def test_a_check_that_says_no_is_named(self, transactions: PostgresTransactions[Connection]) -> None:
        async def work(tx: Connection) -> None:
            await tx.insert(INSERT_NOTE, [note("a", -1)])

        with pytest.raises(CheckViolation) as caught:
            await transactions.run(work)
        assert caught.value.constraint == "ck_notes_not_negative"

    async def test_work_that_hides_a_violation_is_a_misuse(
        self, transactions: PostgresTransactions[Connection], url: str
    ) -> None:
        async def silent(tx: Connection) -> None:
            try:
                await tx.insert(INSERT_NOTE, [note("a"), note("a")])
            except UniqueViolation:
                return

        async def goes_on(tx: Connection) -> None:
            await silent(tx)
            await tx.all(ALL_NOTES)

        for work in (silent, goes_on):
            with pytest.raises(TransactionMisuse, match="went on"):
                await transactions.run(work)
        assert await names_on(url) == []

    async def test_a_mistake_in_the_sql_comes_out_as_it_is(
        self, transactions: PostgresTransactions[Connection]
    ) -> None:
        async def work(tx: Connection) -> None:
            await tx.all(Statement(text("SELECT * FROM nowhere"), name="nowhere"))

        with pytest.raises(asyncpg.UndefinedTableError):
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
        self, transactions: PostgresTransactions[Connection], url: str, wait: Callable[[], Any]
    ) -> None:
        async def work(tx: Connection) -> None:
            await tx.insert(INSERT_NOTE, [note("a")])
            await wait()

        with pytest.raises(TransactionMisuse):
            await transactions.run(work)
        assert await names_on(url) == []
        await transactions.run(adding("b"))
        assert await names_on(url) == ["b"]
        gc.collect()

    async def test_a_future_from_outside_is_refused_even_when_the_error_is_swallowed(
        self, transactions: PostgresTransactions[Connection], url: str
    ) -> None:
        future = asyncio.get_running_loop().create_future()

        async def work(tx: Connection) -> None:
            await tx.insert(INSERT_NOTE, [note("a")])
            try:
                await future
            except Exception:
                return

        with pytest.raises(TransactionMisuse, match="Future"):
            await transactions.run(work)
        assert await names_on(url) == []

    @pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    async def test_two_statements_at_once_are_refused(self, transactions: PostgresTransactions[Connection]) -> None:
        async def work(tx: Connection) -> None:
            await asyncio.gather(tx.all(ALL_NOTES), tx.all(ALL_NOTES))

        with pytest.raises(TransactionMisuse):
            await transactions.run(work)
        gc.collect()

    async def test_a_transaction_in_a_transaction_and_reading_past_it_are_refused(
        self, transactions: PostgresTransactions[Connection], pool: PostgresPool, url: str
    ) -> None:
        async def nested(tx: Connection) -> None:
            await tx.insert(INSERT_NOTE, [note("a")])
            await transactions.run(adding("b"))

        async def reading(tx: Connection) -> None:
            await PostgresReads(pool).all(ALL_NOTES)

        for work in (nested, reading):
            with pytest.raises(TransactionMisuse, match="One `run` is one transaction"):
                await transactions.run(work)
        assert await names_on(url) == []

    async def test_a_transaction_that_was_kept_can_do_nothing(
        self, transactions: PostgresTransactions[Connection]
    ) -> None:
        async def work(tx: Connection) -> Connection:
            return tx

        kept = await transactions.run(work)
        with pytest.raises(TransactionMisuse, match="has ended"):
            await kept.all(ALL_NOTES)
        with pytest.raises(TransactionMisuse, match="has ended"):
            kept.defer(INSERT_NOTE, [note("a")])

    async def test_work_may_not_end_the_transaction_by_itself(
        self, transactions: PostgresTransactions[Connection]
    ) -> None:
        async def work(tx: Connection) -> None:
            await tx.run(Statement(text("ROLLBACK"), name="rollback"))

        with pytest.raises(TransactionMisuse, match="ended the transaction"):
            await transactions.run(work)


class TestConflicts:
    async def test_a_stale_version_is_tried_again_from_a_clean_state(
        self, transactions: PostgresTransactions[Connection]
    ) -> None:
        seen: list[int] = []

        async def work(tx: Connection) -> int:
            seen.append(len(await tx.all(ALL_NOTES)))
            await tx.insert(INSERT_NOTE, [note("a")])
            if len(seen) < 3:
                raise StaleVersion("note_a")
            return len(seen)

        assert await transactions.run(work) == 3
        assert seen == [0, 0, 0]

    async def test_one_that_stays_stale_is_given_up(self, transactions: PostgresTransactions[Connection]) -> None:
        async def work(tx: Connection) -> None:
            raise StaleVersion("note_a")

        with pytest.raises(StaleVersion):
            await transactions.run(work)

    async def test_a_deadlock_is_tried_again(self, transactions: PostgresTransactions[Connection], url: str) -> None:
        await transactions.run(adding("a"))
        await transactions.run(adding("b"))
        begun: list[str] = []

        def crossing(first: str, second: str, to: int) -> Any:
            async def work(tx: Connection) -> None:
                await tx.run(RENUMBER, {"name": first, "to": to})
                begun.append(first)
                if len(begun) <= 2:  # the first time both hold their first row before either asks for the other's
                    await tx.one(Statement(text("SELECT pg_sleep(0.1)"), name="pause"))
                await tx.run(RENUMBER, {"name": second, "to": to})

            return work

        await asyncio.gather(transactions.run(crossing("a", "b", 10)), transactions.run(crossing("b", "a", 20)))
        assert len(begun) == 3
        rows = await PostgresReads(transactions._pool).all(ALL_NOTES)
        assert {row[1] for row in rows} in ({10}, {20})

    async def test_every_attempt_has_the_callers_context_and_changes_none(
        self, transactions: PostgresTransactions[Connection]
    ) -> None:
        variable: ContextVar[str] = ContextVar("variable")
        variable.set("caller's")
        seen: list[str] = []

        async def work(tx: Connection) -> None:
            seen.append(variable.get())
            variable.set("work's")
            await tx.all(ALL_NOTES)
            seen.append(variable.get())
            if len(seen) < 4:
                raise StaleVersion("note_a")

        await transactions.run(work)
        assert seen == ["caller's", "work's"] * 2
        assert variable.get() == "caller's"
