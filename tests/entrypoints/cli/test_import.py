"""`tradepost import`, as it is run and as it is killed."""

import csv
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tradepost.orders import OrderFilter
from tradepost_adapters.sql.backend import SqlBackend

TRADEPOST = Path(sys.executable).with_name("tradepost")
HEADER = "order_id,customer_id,placed_at,currency,sku,name,quantity,total\n"
GOOD = "A1,c1,2017-01-31T18:30:00Z,USD,MILK,Milk,1,1.00\n"


def start(database_url: str, *arguments: str | Path, cwd: Path, **more: Any) -> "subprocess.Popen[str]":
    environment = {**os.environ, "TRADEPOST_DATABASE_URL": database_url}
    return subprocess.Popen([TRADEPOST, *arguments], cwd=cwd, env=environment, text=True, **more)


def run(database_url: str, *arguments: str | Path, cwd: Path) -> tuple[int, str, str]:
    process = start(database_url, *arguments, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said, complained = process.communicate()
    return process.returncode, said, complained


def test_a_clean_file_ends_with_zero_and_says_what_it_did(sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(HEADER + GOOD)
    stale = tmp_path / "orders.csv.rejected.csv"
    stale.write_text("from an earlier run")
    code, said, complained = run(sqlite_url, "import", "orders", file, cwd=tmp_path)
    assert (code, complained) == (0, "")
    assert "Orders imported       1\n" in said
    assert "1.00 USD" in said
    assert not stale.exists()


def test_bad_rows_are_told_kept_and_can_be_imported_once_they_are_right(sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    bad = GOOD.replace("A1", "A2").replace("Milk", "M\xf6hre").encode("latin-1")
    file.write_bytes((HEADER + GOOD).encode() + bad + GOOD.replace("A1", "A3").replace("USD", "EURO").encode())
    code, said, complained = run(sqlite_url, "import", "orders", file, cwd=tmp_path)
    assert code == 11
    assert "Orders rejected       2 (2 rows)" in said
    assert "line 3: it is not UTF-8" in complained
    assert "line 4: currency: 'EURO'" in complained
    rejected = tmp_path / "orders.csv.rejected.csv"
    assert str(rejected) in complained
    data = rejected.read_bytes()
    assert b"M\xf6hre" in data

    mended = tmp_path / "mended.csv"
    mended.write_bytes(data.decode("latin-1").replace("EURO", "EUR").encode())
    assert run(sqlite_url, "import", "orders", mended, cwd=tmp_path)[0] == 0
    code, said, _ = run(sqlite_url, "import", "orders", mended, "--json", cwd=tmp_path)
    assert (code, json.loads(said)["already_there"]) == (0, 2)


def test_programs_get_the_report_as_json_and_nothing_else(sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "products.csv"
    file.write_text("product_id,title,sku,price.USD\nP1,Milk,MILK,1.99\nP2,,TEA,x\n")
    code, said, complained = run(sqlite_url, "import", "catalog", file, "--json", "--dry-run", cwd=tmp_path)
    report = json.loads(said)
    assert (code, complained) == (11, "")
    assert (report["dry_run"], report["created"], report["rejected_rows"]) == (True, 1, 1)
    (row,) = report["rejected"]
    assert (row["line"], len(row["reasons"])) == (3, 2)
    with (tmp_path / "products.csv.rejected.csv").open(newline="") as kept:
        (told,) = csv.DictReader(kept)
    assert (told["rejected_line"], told["product_id"]) == ("3", "P2")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"order_id,sku\n", "/customer_id: this column is missing"),
        ((HEADER + GOOD).encode("utf-16"), "UTF-16"),
        (b"", "empty"),
    ],
)
def test_a_file_that_is_none_is_one_refusal(data: bytes, words: str, sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_bytes(data)
    code, said, complained = run(sqlite_url, "import", "orders", file, cwd=tmp_path)
    assert (code, said) == (2, "")
    assert words in complained
    assert "Traceback" not in complained


def test_a_file_that_is_not_there_is_a_wrong_argument(sqlite_url: str, tmp_path: Path) -> None:
    assert run(sqlite_url, "import", "orders", tmp_path / "none.csv", cwd=tmp_path)[0] == 2


def test_on_a_terminal_it_shows_how_fast_it_goes(sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    many_orders(file, 1_500)
    ours, theirs = pty.openpty()
    process = start(sqlite_url, "import", "orders", file, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            shown += os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
    os.close(ours)
    assert process.wait() == 0
    assert b"Importing orders.csv" in shown
    assert b"rows/s" in shown


def many_orders(file: Path, count: int) -> None:
    """Orders of four lines, a cent each."""
    with file.open("w") as out:
        out.write(HEADER)
        for number in range(count):
            for line in range(4):
                out.write(f"N{number},c{number % 500},2017-01-31T18:30:00Z,USD,S{line},,1,0.01\n")


async def counted(database_url: str) -> tuple[int, int]:
    """How many orders there are, and what they come to."""
    backend = await SqlBackend.open(database_url)
    totals = await backend.order_views.totals(OrderFilter())
    await backend.close()
    return (totals[0].orders, totals[0].total.amount) if totals else (0, 0)


@pytest.mark.slow
async def test_an_import_that_was_killed_goes_on_where_it_was(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    orders = 12_000
    many_orders(file, orders)
    states = []
    for _ in range(3):
        before, _ = await counted(database_url)
        process = start(database_url, "import", "orders", file, cwd=tmp_path, start_new_session=True)
        while process.poll() is None:
            if (await counted(database_url))[0] > before:
                break
            time.sleep(0.01)  # noqa: ASYNC251 - nothing else runs here
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        states.append(await counted(database_url))
    assert states[0][0] < orders, "it was killed too late to tell anything"
    assert [cents for _, cents in states] == [4 * count for count, _ in states], "half an order is there"
    assert sorted(states) == states

    code, said, _ = run(database_url, "import", "orders", file, "--json", cwd=tmp_path)
    report = json.loads(said)
    assert (code, report["imported"], report["already_there"]) == (0, orders - states[-1][0], states[-1][0])
    assert await counted(database_url) == (orders, 4 * orders)
