import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.schema import CreateIndex, CreateTable
from tests.adapters.sql.notes import INSERT_NOTE, make_notes_file, names_in, note

from tradepost.kernel.errors import Conflict, Kind
from tradepost.kernel.idempotency import (
    IdempotencyKey,
    IdempotencyRecord,
    KeyTaken,
    Outcome,
    Refusal,
    run_once,
)
from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.idempotency import SqlIdempotencyRecords
from tradepost_adapters.sql.sqlite import SqliteTransactions
from tradepost_adapters.sql.tables.idempotency import idempotency_keys
from tradepost_adapters.sqlite_library import sqlite3

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Tx:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.idempotency = SqlIdempotencyRecords(connection)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = make_notes_file(tmp_path / "notes.db")
    raw = sqlite3.connect(str(path))
    raw.execute(str(CreateTable(idempotency_keys).compile(dialect=SQLiteDialect())))
    for index in idempotency_keys.indexes:
        raw.execute(str(CreateIndex(index).compile(dialect=SQLiteDialect())))
    raw.close()
    return path


@pytest.fixture
async def transactions(path: Path) -> AsyncIterator[SqliteTransactions[Tx]]:
    made = SqliteTransactions(path, Tx)
    yield made
    await made.close()


def record(key: str, outcome: Outcome | None = None, at: datetime = NOW) -> IdempotencyRecord:
    return IdempotencyRecord(
        scope="customer_1", key=key, fingerprint="f", resource_id=f"order_{key}", created_at=at, outcome=outcome
    )


async def test_a_record_comes_back_as_it_went_in(transactions: SqliteTransactions[Tx]) -> None:
    refusal = Refusal(kind=Kind.CONFLICT, code="stock.insufficient", detail="Nul\0l.", data={"sku": "a"})
    records = [
        record("a"),
        record("b", Outcome.success({"x": [1]})),
        record("c", Outcome(refusal=refusal)),
        record("d", Outcome.success(None)),
    ]

    async def work(tx: Tx) -> list[IdempotencyRecord | None]:
        for each in records:
            await tx.idempotency.add(each)
        return [await tx.idempotency.find("customer_1", key) for key in "abcde"]

    assert await transactions.run(work) == [*records, None]


async def test_a_key_is_taken_for_its_scope_alone(transactions: SqliteTransactions[Tx]) -> None:
    async def add(tx: Tx) -> None:
        await tx.idempotency.add(record("a"))

    await transactions.run(add)
    with pytest.raises(KeyTaken):
        await transactions.run(add)


async def test_finishing_answers_the_open_keys_of_the_resource_only(transactions: SqliteTransactions[Tx]) -> None:
    async def work(tx: Tx) -> list[IdempotencyRecord | None]:
        for each in (record("a"), record("b"), record("c", Outcome.success(1))):
            await tx.idempotency.add(each)
        await tx.idempotency.finish("order_a", Outcome.success(2))
        await tx.idempotency.finish("order_c", Outcome.success(3))
        return [await tx.idempotency.find("customer_1", key) for key in "abc"]

    assert await transactions.run(work) == [
        record("a", Outcome.success(2)),
        record("b"),
        record("c", Outcome.success(1)),
    ]


async def test_purging_forgets_old_answered_keys(transactions: SqliteTransactions[Tx]) -> None:
    async def work(tx: Tx) -> tuple[int, bool, bool]:
        await tx.idempotency.add(record("old", Outcome.success(1), NOW - timedelta(days=2)))
        await tx.idempotency.add(record("open", None, NOW - timedelta(days=2)))
        await tx.idempotency.add(record("new", Outcome.success(1)))
        purged = await tx.idempotency.purge(NOW - timedelta(days=1))
        kept = [await tx.idempotency.find("customer_1", key) is not None for key in ("open", "new")]
        return purged, kept[0], kept[1]

    assert await transactions.run(work) == (1, True, True)


async def test_the_same_command_sent_five_times_at_once_happens_once(
    transactions: SqliteTransactions[Tx], path: Path
) -> None:
    keys = [IdempotencyKey(scope="customer_1", key="k", fingerprint="f") for _ in range(5)]

    async def send(number: int) -> str:
        async def work(tx: Tx) -> str:
            await tx.connection.insert(INSERT_NOTE, [note(f"n{number}")])
            return f"n{number}"

        return await run_once(transactions, keys[number], work, str, resource_id=f"note_{number}", at=NOW)

    answers = await asyncio.gather(*(send(number) for number in range(5)))
    assert names_in(path) == answers[:1]
    assert set(answers) == {answers[0]}
    assert sorted(key.replayed for key in keys) == [False, True, True, True, True]


async def test_a_refusal_is_replayed(transactions: SqliteTransactions[Tx]) -> None:
    async def work(tx: Tx) -> str:
        raise Conflict("note.refused", "No.", {"why": "because"})

    for replayed in (False, True):
        key = IdempotencyKey(scope="customer_1", key="k", fingerprint="f")
        with pytest.raises(Exception, match=r"note\.refused") as caught:
            await run_once(transactions, key, work, str, resource_id="note_a", at=NOW)
        assert getattr(caught.value, "data", None) == {"why": "because"}
        assert key.replayed is replayed
