"""What the database itself holds about stock, whoever writes."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from tradepost_adapters.contracts.stock import apply, columns, receive, reserve
from tradepost_adapters.sql.backend import SqlBackend
from tradepost_adapters.sql.connection import CheckViolation, ForeignKeyViolation
from tradepost_adapters.sql.statements import Statement
from tradepost_adapters.sql.transaction import SqlTransaction


@pytest.fixture
async def backend(database_url: str) -> AsyncIterator[SqlBackend]:
    opened = await SqlBackend.open(database_url)
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("reserved = reserved + 1", "available"),
        ("on_hand = on_hand - 1", "available"),
        ("reserved = -1", "reserved"),
    ],
)
async def test_no_statement_sells_what_is_not_there(backend: SqlBackend, change: str, constraint: str) -> None:
    await receive(backend, "MUG", quantity=5)
    await apply(backend, reserve("MUG", 5))
    statement = Statement(text(f"UPDATE stock_levels SET {change}"), name="test.bypass")  # noqa: S608

    async def work(tx: SqlTransaction) -> None:
        await tx._connection.run(statement)

    with pytest.raises(CheckViolation, match=f"ck_stock_levels_{constraint}"):
        await backend.transactions.run(work)
    assert await columns(backend, "MUG") == [(5, 5)]


async def test_no_level_lies_at_a_location_that_does_not_exist(backend: SqlBackend) -> None:
    with pytest.raises(ForeignKeyViolation):
        await receive(backend, "MUG", location="nowhere")
    assert await columns(backend, "MUG") == []
