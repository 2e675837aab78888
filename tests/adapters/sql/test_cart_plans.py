"""How the databases find idle carts: along an index of those alone, however many carts there are."""

import pytest
from tests.adapters.sql.test_catalog_plans import on_postgres, on_sqlite

from tradepost_adapters.contracts.carts import NOW
from tradepost_adapters.sql import carts
from tradepost_adapters.sql.statements import POSTGRESQL, SQLITE, Statement
from tradepost_adapters.sql.urls import sqlite_path

LOOKS = {"ix_carts_untold": carts._IDLE, "ix_carts_guests": carts._GUESTS}


def asked(statement: Statement, dialect: str) -> tuple[str, list[object]]:
    compiled = statement.on(dialect)
    return compiled.text, list(compiled.bind({"moment": NOW, "most": 50}))


@pytest.mark.parametrize("index", LOOKS)
async def test_idle_carts_are_found_and_sorted_by_their_index(index: str, sqlite_url: str, postgres_url: str) -> None:
    steps = on_sqlite(sqlite_path(sqlite_url), *asked(LOOKS[index], SQLITE))
    assert [step for step in steps if index in step] == steps
    plan = await on_postgres(postgres_url, *asked(LOOKS[index], POSTGRESQL))
    assert index in plan
    assert "Sort" not in plan
