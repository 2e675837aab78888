import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, bindparam, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from tests.adapters.sql.notes import ALL_NOTES, INSERT_NOTE, INSERT_TAG, NOW, make_notes_file, note, notes

from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.sqlite import SqliteTransactions
from tradepost_adapters.sql.statements import POSTGRESQL, SQLITE, Insert, Statement, in_list, merged
from tradepost_adapters.sql.types import UtcDateTime
from tradepost_adapters.sqlite_library import sqlite3

BY_NUMBER = Statement(
    select(notes.c.id).where(notes.c.number > bindparam("low"), notes.c.open == bindparam("open")).limit(10),
    name="notes.by_number",
)
BY_IDS = Statement(select(notes.c.id).where(in_list(notes.c.id, "ids")).order_by(notes.c.id), name="notes.by_ids")
BY_TIMES = Statement(select(notes.c.id).where(in_list(notes.c.at, "times")), name="notes.by_times")
NOT_THESE = Statement(select(notes.c.id).where(~in_list(notes.c.id, "ids")), name="notes.not_these")


def test_a_statement_is_compiled_once_for_each_database() -> None:
    assert BY_NUMBER.on(SQLITE) is BY_NUMBER.on(SQLITE)
    assert BY_NUMBER.on(POSTGRESQL) is BY_NUMBER.on(POSTGRESQL)
    assert "?" in BY_NUMBER.on(SQLITE).text
    assert "$1" in BY_NUMBER.on(POSTGRESQL).text


def test_literal_values_are_bound_without_being_asked_for() -> None:
    assert BY_NUMBER.on(SQLITE).bind({"low": 1, "open": True}) == (1, 1, 10, 0)
    assert BY_NUMBER.on(POSTGRESQL).bind({"low": 1, "open": True}) == (1, True, 10)


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL])
@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({"low": 1}, "notes.by_number lacks open"),
        ({}, "notes.by_number lacks low, open"),
        ({"low": 1, "open": True, "high": 2}, "notes.by_number was given high"),
        ({"low": 1, "opne": True}, "notes.by_number lacks open and was given opne"),
    ],
)
def test_missing_and_surplus_parameters_are_named(dialect: str, params: dict[str, Any], complaint: str) -> None:
    with pytest.raises(TypeError, match=complaint):
        BY_NUMBER.on(dialect).bind(params)


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL])
def test_an_insert_names_the_column_it_lacks(dialect: str) -> None:
    row = note("a")
    del row["number"]
    with pytest.raises(TypeError, match=re.escape("notes.insert lacks number")):
        INSERT_NOTE.values(dialect, row)


def test_an_expanding_in_is_refused_by_name() -> None:
    statement = Statement(select(notes.c.id).where(notes.c.id.in_(["a", "b"])), name="notes.expanding")
    with pytest.raises(TypeError, match=r"notes\.expanding has an expanding IN"):
        statement.on(SQLITE)


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL])
def test_a_naive_datetime_is_refused(dialect: str) -> None:
    with pytest.raises(ValueError, match="is naive"):
        INSERT_NOTE.values(dialect, note("a", at=datetime(2026, 1, 1)))


def test_a_statement_may_be_said_differently_on_each_database() -> None:
    statement = Statement.by_dialect(
        sqlite=text("SELECT at FROM notes WHERE at <= :at")
        .bindparams(bindparam("at", type_=UtcDateTime()))
        .columns(at=UtcDateTime()),
        postgresql=text("SELECT at FROM notes WHERE at <= :at FOR UPDATE")
        .bindparams(bindparam("at", type_=UtcDateTime()))
        .columns(at=UtcDateTime()),
        name="notes.until",
    )
    assert statement.on(SQLITE).text.endswith("at <= ?")
    assert statement.on(POSTGRESQL).text.endswith("FOR UPDATE")
    assert statement.on(SQLITE).bind({"at": NOW}) == (
        (NOW - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1),
    )
    assert statement.on(POSTGRESQL).bind({"at": NOW}) == (NOW,)


def test_one_value_may_be_used_twice() -> None:
    statement = Statement(
        select(notes.c.id).where((notes.c.id == bindparam("x")) | (notes.c.id > bindparam("x"))), name="notes.twice"
    )
    assert statement.on(SQLITE).bind({"x": "a"}) == ("a", "a")
    assert statement.on(POSTGRESQL).bind({"x": "a"}) == ("a",)


def test_a_list_is_one_parameter_whatever_its_length() -> None:
    assert BY_IDS.on(SQLITE).bind({"ids": ["a", 'b"c']}) == ('["a","b\\"c"]',)
    assert BY_IDS.on(POSTGRESQL).bind({"ids": ("a", "b")}) == (["a", "b"],)
    assert "= ANY ($1::TEXT[])" in BY_IDS.on(POSTGRESQL).text


def test_rows_for_postgres_are_arrays_and_json_travels_as_text() -> None:
    fragment = INSERT_NOTE.fragment(3, many=True)
    assert "unnest($3::TEXT[], $4::BIGINT[], $5::BOOLEAN[], $6::TIMESTAMP WITH TIME ZONE[], $7::TEXT[]" in fragment
    assert "c4::jsonb" in fragment
    assert INSERT_NOTE.arrays([note("a"), note("b", 2, body={"x": [1]})])[:2] == [["a", "b"], [1, 2]]
    assert INSERT_NOTE.arrays([note("a", body={"x": [1]})])[4] == ['{"x":[1]}']


def test_inserts_merge_into_one_statement_whose_parameters_count_through() -> None:
    shape = ((INSERT_NOTE, False), (INSERT_TAG, True))
    merged_text = merged(shape)
    assert merged_text.startswith("WITH i0 AS (INSERT INTO notes")
    assert "unnest($7::TEXT[], $8::TEXT[])" in merged_text
    assert merged(shape) is merged_text


def test_an_array_column_is_refused_as_unnest_would_flatten_it() -> None:
    table = Table("odd", MetaData(), Column("id", BigInteger), Column("parts", ARRAY(Text)))
    with pytest.raises(TypeError, match=r"odd\.parts is an array"):
        Insert(table).fragment(1, many=True)


async def test_every_type_comes_back_from_sqlite_as_it_went_in(tmp_path: Path) -> None:
    transactions: SqliteTransactions[Connection] = SqliteTransactions(
        make_notes_file(tmp_path / "notes.db"), lambda connection: connection
    )
    rows = [
        note("a", 0, open=False, at=datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        note("b", 2**63 - 1, at=datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), body={"ä": [1, 2]}),
        note("c", at=NOW.astimezone(timezone(timedelta(hours=5))), raw=b"\0\xff"),
        note("ö\u2028😀", at=None, body={}),
    ]

    async def work(tx: Connection) -> list[tuple[Any, ...]]:
        await tx.insert(INSERT_NOTE, rows)
        return await tx.all(ALL_NOTES)

    try:
        found = await transactions.run(work)
    finally:
        await transactions.close()
    assert found == [tuple(row[column.name] for column in notes.columns) for row in rows]
    assert found[2][3].tzinfo is UTC
    assert [type(row[2]) for row in found] == [bool] * 4


async def test_lists_find_rows_by_every_kind_of_column(tmp_path: Path) -> None:
    transactions: SqliteTransactions[Connection] = SqliteTransactions(
        make_notes_file(tmp_path / "notes.db"), lambda connection: connection
    )

    async def work(tx: Connection) -> list[list[tuple[Any, ...]]]:
        await tx.insert(INSERT_NOTE, [note("a"), note("b", at=NOW + timedelta(hours=1)), note("c")])
        return [
            await tx.all(BY_IDS, {"ids": ["c", "a", "nobody"]}),
            await tx.all(BY_IDS, {"ids": []}),
            await tx.all(BY_TIMES, {"times": [NOW + timedelta(hours=1)]}),
            await tx.all(NOT_THESE, {"ids": ["a", "b"]}),
        ]

    try:
        assert await transactions.run(work) == [[("a",), ("c",)], [], [("b",)], [("c",)]]
    finally:
        await transactions.close()


def test_a_list_uses_the_index_of_its_column(tmp_path: Path) -> None:
    raw = sqlite3.connect(str(make_notes_file(tmp_path / "notes.db")))
    for column, values in ((notes.c.id, "[]"), (notes.c.number, "[]")):
        statement = Statement(select(notes.c.id).where(in_list(column, "values")), name="notes.planned")
        plan = " ".join(
            str(row[3]) for row in raw.execute(f"EXPLAIN QUERY PLAN {statement.on(SQLITE).text}", (values,))
        )
        assert "SEARCH notes USING" in plan, plan
    change = Statement(
        update(notes).where(in_list(notes.c.id, "ids")).values(number=bindparam("new_number")), name="notes.change"
    )
    plan = " ".join(str(row[3]) for row in raw.execute(f"EXPLAIN QUERY PLAN {change.on(SQLITE).text}", (1, "[]")))
    assert "SEARCH notes USING" in plan
    raw.close()
