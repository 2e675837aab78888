"""Choosing a gateway by URL, and what is said when it can not be had."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tradepost.kernel.errors import TradepostError
from tradepost.kernel.money import Money
from tradepost.payments.gateway import Approved, Authorize
from tradepost_adapters.simulated_gateway import RemoteSimulatedGateway, SimulatedGateway, open_gateway
from tradepost_adapters.sqlite_library import sqlite3

A_SALE = Authorize(operation_id="op_1", amount=Money(100, "EUR"), token="tok_success", capture=True)


async def test_a_book_in_memory_ends_with_its_gateway() -> None:
    assert isinstance(await open_gateway("simulated://memory").send(A_SALE), Approved)
    assert await open_gateway("simulated://memory").find("op_1") is None


async def test_a_book_in_a_file_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    url = f"simulated:///{tmp_path}/a%20book.db"
    first = open_gateway(url)
    assert isinstance(first, SimulatedGateway)
    answer = await first.send(A_SALE)
    await first.close()
    assert (tmp_path / "a book.db").exists()
    second = open_gateway(url)
    assert await second.find("op_1") == answer
    await second.close()


async def test_three_slashes_name_a_book_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    await open_gateway("simulated:///book.db").close()
    assert (tmp_path / "book.db").exists()


async def test_a_url_of_http_is_a_gateway_elsewhere() -> None:
    gateway = open_gateway("http://127.0.0.1:9100/?timeout_seconds=2")
    assert isinstance(gateway, RemoteSimulatedGateway)
    assert gateway.name == "simulated"
    await gateway.close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "memory",
        "simulated://",
        "simulated:///",
        "simulated://elsewhere/book.db",
        "simulated://memory/book.db",
        "stripe://x",
        "http://",
        "http://host:port",
        "http://[::1",
        "simulated://memory?slow_seconds=long",
        "simulated://memory?slow_seconds=-1",
        "simulated://memory?timeout_seconds=nan",
        "simulated://memory?color=blue",
        "simulated://memory?several_captures=maybe",
        "simulated://memory?events=1",
        "simulated://memory?fee=free",
        "simulated://memory?dispute_fee=-1",
        "simulated://memory?faults=everything",
        "http://127.0.0.1:9100?slow_seconds=1",
        "http://127.0.0.1:9100?fee=25",
    ],
)
def test_a_url_that_names_no_gateway_is_refused(url: str) -> None:
    with pytest.raises(TradepostError) as raised:
        open_gateway(url)
    assert raised.value.code == "gateway.url_invalid"


def test_a_book_that_can_not_be_opened_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("Dear diary, this is no book of a gateway. " * 50)
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.execute("CREATE TABLE orders (id TEXT)")
    shop.close()
    for name in ("missing/book.db", "text.db", "shop.db"):
        with pytest.raises(TradepostError) as raised:
            open_gateway(f"simulated:///{tmp_path}/{name}")
        assert raised.value.code == "gateway.unavailable"
        assert name in raised.value.detail


async def test_options_say_what_a_gateway_costs_and_can_do() -> None:
    gateway = open_gateway("simulated://memory?fee=1.4%25+25&dispute_fee=7&several_captures=no&events=yes")
    assert isinstance(gateway, SimulatedGateway)
    answer = await gateway.send(A_SALE)
    assert isinstance(answer, Approved)
    await gateway.open_dispute(answer.reference)
    lines, _ = await gateway.balance(datetime(2020, 1, 1, tzinfo=UTC))
    assert [line.fee for line in lines] == [26, 7]
    assert not gateway.several_captures
    assert len(await gateway.deliveries("s" * 16)) == 2
    assert not open_gateway("http://127.0.0.1:9100?several_captures=no").several_captures
    assert open_gateway("http://127.0.0.1:9100").several_captures


@pytest.mark.slow
@pytest.mark.parametrize("options", [("--webhooks-to", "http://127.0.0.1:1/"), ("--fee", "free"), ("--faults", "all")])
def test_the_process_does_not_start_with_options_it_can_not_keep(tmp_path: Path, options: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "tradepost_adapters.simulated_gateway", "--book", str(tmp_path / "book.db")]
    ended = subprocess.run([*command, *options], capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)


@pytest.mark.slow
def test_the_process_says_in_one_line_why_it_can_not_start(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tradepost_adapters.simulated_gateway", "--book", str(tmp_path / "no" / "book.db")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "can not be opened" in ended.stderr


def test_books_in_memory_load_neither_a_database_nor_a_server() -> None:
    script = (
        "import sys; from tradepost_adapters.simulated_gateway import open_gateway; open_gateway('simulated://memory');"
        "print({'litestar', 'uvicorn', 'httpx', 'sqlalchemy', 'pysqlite3', 'sqlite3', '_sqlite3'} & set(sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    assert ended.stdout.strip() == "set()"
