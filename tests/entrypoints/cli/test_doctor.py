"""`tradepost doctor`: what it finds well, what it finds wrong, and what it keeps to itself."""

from typing import Any

import pytest
from tests.entrypoints.cli.conftest import Terminal
from tests.entrypoints.cli.test_orders import buy

from tradepost.shop import Shop
from tradepost.stock.level import LevelChange, Reason
from tradepost_entrypoints.cli.errors import CHECK_FAILED


def test_a_shop_that_is_well_is_found_well(terminal: Terminal) -> None:
    report = terminal.json("doctor")
    assert {finding["name"]: finding["ok"] for finding in report["findings"]} == {
        "SQLite library": True,
        "Database": True,
        "Cache": True,
        "Broker": True,
        "Payment gateway": True,
    }
    said = terminal.said("doctor")
    assert "TRADEPOST_TOKEN_SECRET" in said
    assert "[hidden]" in said
    assert "s" * 40 not in said


def test_all_that_is_wrong_is_found_and_no_secret_told(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEPOST_DATABASE_URL", "postgresql://shop:hunter2@127.0.0.1:1/shop")
    monkeypatch.setenv("TRADEPOST_CACHE_URL", "redis://:hunter2@127.0.0.1:1/0")
    monkeypatch.setenv("TRADEPOST_BROKER_URL", "redis://:hunter2@127.0.0.1:1/0")
    monkeypatch.setenv("TRADEPOST_PAYMENT_GATEWAY", "http://127.0.0.1:1")
    for arguments in (("doctor",), ("doctor", "--json")):
        ended = terminal.run(*arguments)
        assert (ended.returncode, ended.stderr) == (CHECK_FAILED, "")
        assert "hunter2" not in ended.stdout
    assert ended.stdout.count('"ok": false') == 4


def test_the_books_are_counted(terminal: Terminal) -> None:
    terminal.stock_up()
    buy(terminal, ("MUG-BLUE", 2))
    checks = {check["name"]: check for check in terminal.json("doctor", "--data")}
    assert len(checks) == 15
    assert all(check["wrong"] == 0 for check in checks.values())
    assert (checks["stock.reserved"]["checked"], checks["orders.covered"]["checked"]) == (17, 1)


def test_books_that_do_not_agree_end_with_an_exit_code(terminal: Terminal) -> None:
    terminal.stock_up()

    async def spoil(shop: Shop) -> None:
        async def work(tx: Any) -> None:
            change = LevelChange(sku="MUG-BLUE", reserved=1)
            await tx.stock.apply([change], reason=Reason.CORRECTED, reference="x", actor="x", at=shop._clock.now())

        await shop._transactions.run(work)

    terminal.in_shop(spoil)
    ended = terminal.run("doctor", "--data")
    assert (ended.returncode, ended.stderr) == (CHECK_FAILED, "These do not agree: stock.reserved.\n")
    assert "MUG-BLUE" in ended.stdout
