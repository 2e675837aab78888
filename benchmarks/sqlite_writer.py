"""How many three-line orders a second the SQLite writer commits, for 1, 8 and 32 clients: `python benchmarks/sqlite_writer.py`.

An order is a row, three lines, a stock movement's conditional update and a message: one function, one acknowledged,
synced commit from the client's point of view.
"""

import asyncio
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Column, MetaData, Table, Text, bindparam, update
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.schema import CreateTable

from tradepost.kernel.ids import TypeIds
from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.sqlite import SqliteTransactions
from tradepost_adapters.sql.statements import Insert, Statement
from tradepost_adapters.sql.types import Json, UtcDateTime
from tradepost_adapters.sqlite_library import LIBRARY, VERSION, sqlite3

SECONDS = 2.0
metadata = MetaData()
orders = Table(
    "orders",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer_id", Text),
    Column("total", BigInteger),
    Column("currency", Text),
    Column("metadata", Json()),
    Column("placed_at", UtcDateTime),
)
lines = Table(
    "order_lines",
    metadata,
    Column("order_id", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("sku", Text),
    Column("quantity", BigInteger),
    Column("total", BigInteger),
)
stock = Table("stock", metadata, Column("sku", Text, primary_key=True), Column("reserved", BigInteger))
outbox = Table("outbox", metadata, Column("id", Text, primary_key=True), Column("payload", Text))

INSERT_ORDER, INSERT_LINES, INSERT_MESSAGE = Insert(orders), Insert(lines), Insert(outbox)
RESERVE = Statement(
    update(stock).where(stock.c.sku == bindparam("which")).values(reserved=stock.c.reserved + bindparam("quantity")),
    name="stock.reserve",
)
ids = TypeIds()


async def place(tx: Connection) -> str:
    order_id = ids.new("order")
    row: dict[str, Any] = {
        "id": order_id,
        "customer_id": "customer_1",
        "total": 3000,
        "currency": "EUR",
        "metadata": {"channel": "web"},
        "placed_at": datetime.now(UTC),
    }
    await tx.insert(INSERT_ORDER, [row])
    await tx.insert(
        INSERT_LINES,
        [{"order_id": order_id, "position": i, "sku": f"sku{i}", "quantity": 1, "total": 1000} for i in range(3)],
    )
    assert await tx.run(RESERVE, {"which": "sku0", "quantity": 1}) == 1
    tx.defer(INSERT_MESSAGE, [{"id": order_id, "payload": "{}"}])
    return order_id


async def measure(path: Path, clients: int) -> float:
    transactions: SqliteTransactions[Connection] = SqliteTransactions(path, lambda connection: connection)
    placed = 0
    end = time.perf_counter() + SECONDS

    async def client() -> None:
        nonlocal placed
        while time.perf_counter() < end:
            await transactions.run(place)
            placed += 1

    await asyncio.gather(*(client() for _ in range(clients)))
    await transactions.close()
    return placed / SECONDS


def main() -> None:
    print(f"SQLite {VERSION} ({LIBRARY}), synchronous=FULL, {SECONDS:.0f} s each")
    for clients in (1, 8, 32):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "bench.db"
            raw = sqlite3.connect(str(path))
            for table in metadata.sorted_tables:
                raw.execute(str(CreateTable(table).compile(dialect=SQLiteDialect())))
            raw.execute("INSERT INTO stock VALUES ('sku0', 0)")
            raw.commit()
            raw.close()
            rate = asyncio.run(measure(path, clients))
        print(f"{clients:3} clients: {rate:8,.0f} orders/s")


if __name__ == "__main__":
    main()
