import asyncio
import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.adapters.sql.notes import ALL_NOTES, INSERT_NOTE, INSERT_TAG, names_in, note, tags
from tests.adapters.sql.writing import adding

from tradepost.kernel.transactions import TransactionMisuse
from tradepost_adapters.sql.connection import CheckViolation, Connection, ForeignKeyViolation, UniqueViolation
from tradepost_adapters.sql.sqlite import SqliteTransactions
from tradepost_adapters.sql.sqlite_reads import SqliteReads
from tradepost_adapters.sql.statements import Insert, Statement
from tradepost_adapters.sqlite_library import sqlite3


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
