"""`tradepost export` and `tradepost openapi`: files for other programs."""

import csv
import json
from contextlib import suppress
from pathlib import Path

import pytest
from tests.entrypoints.cli.conftest import Terminal
from tests.entrypoints.cli.test_orders import buy

from tradepost_entrypoints.cli import csv_files


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_all_orders_are_exported_over_many_pages_oldest_first(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.stock_up()
    numbers = [str(buy(terminal, ("MUG-BLUE", 1)).number) for _ in range(5)]
    monkeypatch.setattr(csv_files, "MAX_LIMIT", 2)
    assert terminal.said("export", "orders", "orders.csv") == "orders.csv has 5 orders.\n"
    exported = rows(tmp_path / "orders.csv")
    assert [row["number"] for row in exported] == numbers
    assert (exported[0]["total"], exported[0]["currency"], exported[0]["payment_status"]) == ("19.80", "EUR", "paid")
    assert terminal.json("export", "orders", "none.csv", "--until", "2020-01-01")["rows"] == 0
    assert terminal.said("export", "orders", "-").count("\n") == 6


def test_exported_products_can_be_imported_by_another_shop(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.stock_up()
    assert terminal.said("export", "products", "catalog.csv") == "catalog.csv has 17 variants.\n"
    exported = rows(tmp_path / "catalog.csv")
    mug = next(row for row in exported if row["sku"] == "MUG-BLUE")
    assert (mug["price.EUR"], mug["price.USD"], mug["option.Color"], mug["tracked"]) == (
        "14.90",
        "16.90",
        "Blue",
        "true",
    )
    monkeypatch.setenv("TRADEPOST_DATABASE_URL", "sqlite:///another.db")
    terminal.said("migrate", "up")
    imported = terminal.json("import", "catalog", "catalog.csv")
    assert (imported["rows"], imported["rejected_rows"]) == (17, 0)


def test_a_file_is_there_when_it_is_whole_and_not_before(tmp_path: Path) -> None:
    target = tmp_path / "orders.csv"
    target.write_text("yesterday's\n")
    with suppress(RuntimeError), csv_files.writing(target, ("number",)) as write:
        write([1])
        raise RuntimeError
    assert target.read_text() == "yesterday's\n"
    assert [path.name for path in tmp_path.iterdir()] == ["orders.csv"]


def test_a_file_that_can_not_be_written_is_one_line(terminal: Terminal) -> None:
    ended = terminal.run("export", "orders", "nowhere/orders.csv")
    assert ended.returncode == 10
    assert ended.stderr == "Error: nowhere/orders.csv.part: No such file or directory.\n"


def test_the_api_is_described_without_a_shop(empty_terminal: Terminal, tmp_path: Path) -> None:
    printed = json.loads(empty_terminal.said("openapi"))
    assert printed["openapi"].startswith("3.1")
    assert empty_terminal.said("openapi", "--output", "api.json") == "The API is described in api.json.\n"
    assert json.loads((tmp_path / "api.json").read_text()) == printed
