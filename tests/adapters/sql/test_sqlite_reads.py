import asyncio
from pathlib import Path

import pytest
from sqlalchemy import bindparam, select, text
from tests.adapters.sql.notes import ALL_NOTES, note, notes
from tests.adapters.sql.writing import adding

from tradepost.kernel.transactions import Unavailable
from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.sqlite import SqliteTransactions
from tradepost_adapters.sql.sqlite_connection import open_sqlite
from tradepost_adapters.sql.sqlite_reads import SqliteReads
from tradepost_adapters.sql.statements import Statement

COUNT = Statement(text("SELECT count(*) FROM notes"), name="notes.count")


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


class TestLookups:
    """Asked in the caller's own thread, with the same answers."""

    ONE = Statement(
        select(notes.c.at, notes.c.open).where(notes.c.id == bindparam("id")), name="notes.one", lookup=True
    )

    async def test_a_lookup_sees_what_was_committed_before_it_asked(
        self, transactions: SqliteTransactions[Connection], path: Path
    ) -> None:
        reads = SqliteReads(path)
        for number in range(5):
            assert await reads.one(self.ONE, {"id": f"n{number}"}) is None
            await transactions.run(adding(f"n{number}"))
            assert await reads.one(self.ONE, {"id": f"n{number}"}) == (note("n")["at"], True)
        assert reads._idle == []  # nobody else was asked
        await reads.close()

    async def test_a_lookup_does_not_wait_for_a_writer(
        self, transactions: SqliteTransactions[Connection], path: Path
    ) -> None:
        await transactions.run(adding("a"))
        reads, writer = SqliteReads(path), open_sqlite(path, busy_timeout=1)
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM notes")
        assert await asyncio.wait_for(reads.one(self.ONE, {"id": "a"}), 1) is not None
        writer.execute("COMMIT")
        writer.close()
        assert await reads.one(self.ONE, {"id": "a"}) is None
        assert reads._idle == []
        await reads.close()

    async def test_on_another_thread_others_ask(self, transactions: SqliteTransactions[Connection], path: Path) -> None:
        await transactions.run(adding("a"))
        reads = SqliteReads(path)
        assert await reads.one(self.ONE, {"id": "a"}) is not None
        assert await asyncio.to_thread(reads._at_once, self.ONE, {"id": "a"}) is None
        await reads.close()

    async def test_what_is_closed_or_missing_is_unavailable(self, path: Path, tmp_path: Path) -> None:
        closed, missing = SqliteReads(path), SqliteReads(tmp_path / "missing.db")
        await closed.one(self.ONE, {"id": "a"})
        await closed.close()
        for reads in (closed, missing):
            with pytest.raises(Unavailable):
                await reads.one(self.ONE, {"id": "a"})
        assert not (tmp_path / "missing.db").exists()
        await missing.close()
