"""How the databases find products: along indexes, and never by looking at every one of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tradepost.catalog.ports import ProductFilter
from tradepost.catalog.product import ProductStatus
from tradepost.kernel.errors import NotFound
from tradepost.kernel.pages import PageRequest, encode_cursor
from tradepost_adapters.contracts.catalog import NOW
from tradepost_adapters.sql.catalog_views import SqlProductViews
from tradepost_adapters.sql.connection import NOTHING, Params, Row
from tradepost_adapters.sql.revisions import SCHEMA
from tradepost_adapters.sql.statements import POSTGRESQL, SQLITE, Statement
from tradepost_adapters.sql.urls import sqlite_path
from tradepost_adapters.sqlite_library import sqlite3

ACTIVE = ProductStatus.ACTIVE
AFTER = encode_cursor(NOW, "prod_01m7yc5067e0cvkf5q528e006n")
LISTS = {
    "newest": (ProductFilter(status=ACTIVE), PageRequest()),
    "newest, later page": (ProductFilter(status=ACTIVE), PageRequest(cursor=AFTER)),
    "newest, for staff": (ProductFilter(), PageRequest()),
    "by title": (ProductFilter(status=ACTIVE), PageRequest(sort="title")),
    "by title, for staff": (ProductFilter(), PageRequest(sort="-title")),
    "by price": (ProductFilter(status=ACTIVE, currency="EUR"), PageRequest(sort="price")),
    "by price, for staff": (ProductFilter(currency="EUR"), PageRequest(sort="-price")),
    "in a range of prices": (
        ProductFilter(status=ACTIVE, currency="EUR", price_min=5, price_max=9),
        PageRequest(sort="price"),
    ),
    "in a currency": (ProductFilter(status=ACTIVE, currency="EUR"), PageRequest()),
    "in stock": (ProductFilter(status=ACTIVE, in_stock=True), PageRequest()),
}
CHOSEN = {
    "in a category": (ProductFilter(status=ACTIVE, category="mugs"), PageRequest()),
    "in a category, by title": (ProductFilter(status=ACTIVE, category="mugs"), PageRequest(sort="title")),
    "by words": (ProductFilter(status=ACTIVE, words=("blue", "mu")), PageRequest()),
    "by words, for staff": (ProductFilter(words=("mu",)), PageRequest(sort="title")),
}
ALL = LISTS | CHOSEN


class Asked:
    """`Reads` that only notes what it is asked."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self.questions: list[tuple[str, Sequence[Any]]] = []

    async def all(self, statement: Statement, params: Params = NOTHING, /) -> list[Row]:
        compiled = statement.on(self.dialect)
        self.questions.append((compiled.text, compiled.bind(params)))
        return []

    async def one(self, statement: Statement, params: Params = NOTHING, /) -> Row | None:
        await self.all(statement, params)
        return None


async def questions(dialect: str, wanted: ProductFilter, page: PageRequest) -> list[tuple[str, Sequence[Any]]]:
    asked = Asked(dialect)
    await SqlProductViews(asked).list(wanted, page)
    return asked.questions


def on_sqlite(path: Path, text: str, values: Sequence[Any]) -> list[str]:
    with sqlite3.connect(path) as connection:
        return [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", values)]


async def on_postgres(url: str, text: str, values: Sequence[Any]) -> str:
    connection = await asyncpg.connect(url, server_settings={"search_path": SCHEMA})
    try:
        # With next to no rows, reading them all is rightly the cheapest: what counts is that there is another way.
        await connection.execute("SET enable_seqscan = off")
        return "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {text}", *values))
    finally:
        await connection.close()


@pytest.mark.parametrize("name", ALL)
async def test_a_list_is_one_question(name: str) -> None:
    assert len(await questions(SQLITE, *ALL[name])) == 1


@pytest.mark.parametrize("name", ALL)
async def test_sqlite_finds_products_along_an_index(name: str, sqlite_url: str) -> None:
    path = sqlite_path(sqlite_url)
    ((text, values),) = await questions(SQLITE, *ALL[name])
    steps = on_sqlite(path, text, values)
    for step in steps:
        if step.startswith(("SCAN products", "SCAN product_prices", "SCAN product_search ")):
            assert "INDEX" in step, steps
    assert name in LISTS or not any(step.startswith("SCAN products") for step in steps), steps


@pytest.mark.parametrize("name", LISTS)
async def test_sqlite_walks_in_order_and_sorts_nothing(name: str, sqlite_url: str) -> None:
    ((text, values),) = await questions(SQLITE, *LISTS[name])
    steps = on_sqlite(sqlite_path(sqlite_url), text, values)
    assert not any("TEMP B-TREE" in step for step in steps), steps


@pytest.mark.parametrize("name", ALL)
async def test_postgres_finds_products_along_an_index(name: str, postgres_url: str) -> None:
    ((text, values),) = await questions(POSTGRESQL, *ALL[name])
    plan = await on_postgres(postgres_url, text, values)
    for table in ("products", "product_prices", "product_search", "product_categories"):
        assert f"Seq Scan on {table}" not in plan, plan


async def test_one_product_is_found_by_its_id_or_its_slug_along_an_index(sqlite_url: str, postgres_url: str) -> None:
    for dialect in (SQLITE, POSTGRESQL):
        asked = Asked(dialect)
        with pytest.raises(NotFound):
            await SqlProductViews(asked).get("blue-mug")
        ((text, values),) = asked.questions
        if dialect == SQLITE:
            assert not any(step.startswith("SCAN") for step in on_sqlite(sqlite_path(sqlite_url), text, values))
        else:
            assert "Seq Scan" not in await on_postgres(postgres_url, text, values)
