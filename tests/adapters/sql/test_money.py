"""What the database itself refuses of money, whoever writes: to collect or give back more than there is."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from tradepost_adapters.contracts.disputes import dispute
from tradepost_adapters.contracts.payments import a_payment, a_refund, place
from tradepost_adapters.sql.backend import SqlBackend
from tradepost_adapters.sql.connection import CheckViolation
from tradepost_adapters.sql.statements import Statement
from tradepost_adapters.sql.transaction import SqlTransaction


@pytest.fixture
async def backend(database_url: str) -> AsyncIterator[SqlBackend]:
    opened = await SqlBackend.open(database_url)
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("table", "change", "constraint"),
    [
        ("orders", "authorized = total + 1", "authorized"),
        ("orders", "captured = 1", "captured"),
        ("orders", "authorized = 1, captured = 1, refunded = 2", "refunded"),
        ("orders", "refunded_tax = tax + 1", "refunded_tax"),
        ("orders", "refunded_tax = -1", "refunded_tax"),
        ("orders", "disputed = -1", "disputed"),
        ("payments", "authorized = amount + 1", "authorized"),
        ("payments", "authorized = 1, captured = 1, capturing = 1", "captured"),
        ("payments", "authorized = 1, captured = 1, refunding = 1, refunded = 1", "refunded"),
        ("payments", "disputed = -1", "disputed"),
        ("refunds", "tax = amount + 1", "tax"),
        ("refunds", "tax = -1", "tax"),
        ("disputes", "withdrawn = -1", "withdrawn"),
    ],
)
async def test_no_statement_collects_or_returns_what_is_not_there(
    backend: SqlBackend, table: str, change: str, constraint: str
) -> None:
    await place(backend, a_payment())
    statement = Statement(text(f"UPDATE {table} SET {change}"), name="test.bypass")  # noqa: S608

    async def given(tx: SqlTransaction) -> None:
        await tx.refunds.add(a_refund())
        await tx.disputes.add(dispute(1))

    async def bypass(tx: SqlTransaction) -> None:
        await tx._connection.run(statement)

    await backend.transactions.run(given)
    with pytest.raises(CheckViolation, match=f"ck_{table}_{constraint}"):
        await backend.transactions.run(bypass)
