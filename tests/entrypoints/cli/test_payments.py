"""`tradepost payments`, on each database."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.entrypoints.cli.conftest import Terminal
from tests.entrypoints.cli.test_orders import buy

from tradepost.payments.gateway import BalanceLine
from tradepost.shop import Shop

COLUMNS = "id,kind,amount,currency,fee,at,reference,operation_id"
_YESTERDAY = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"


@pytest.fixture
def sold(terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A shop that has sold two pots, and booked what its gateway kept of that."""
    monkeypatch.setenv("TRADEPOST_PAYMENT_GATEWAY", f"simulated:///{tmp_path}/gateway.db?fee=1.4%25%2B25")
    terminal.stock_up()
    for _ in range(2):
        buy(terminal, ("TEAPOT", 1))

    async def book(shop: Shop) -> None:
        assert await shop.book_balance() == 2

    terminal.in_shop(book)
    return terminal


def told(terminal: Terminal) -> list[BalanceLine]:
    async def ask(shop: Shop) -> list[BalanceLine]:
        lines, _ = await shop._gateway.balance(datetime(2026, 1, 1, tzinfo=UTC))
        return list(lines)

    return terminal.in_shop(ask)


def written(path: Path, lines: list[BalanceLine], *more: str) -> str:
    rows = [
        f"{line.id},{line.kind},{line.amount.decimal()},{line.amount.currency},{line.fee / 100:.2f},"
        f"{line.at.isoformat()},{line.reference},{line.operation_id}"
        for line in lines
    ]
    path.write_text("\n".join((COLUMNS, *rows, *more)) + "\n")
    return str(path)


def counted(view: dict[str, Any]) -> dict[str, int]:
    (total,) = view["totals"]
    return {name: each["count"] for name, each in total.items() if isinstance(each, dict) and each.get("count")}


def test_the_gateway_itself_is_asked_and_agrees(sold: Terminal) -> None:
    said = sold.said("payments", "reconcile", "--from", _YESTERDAY)
    assert "Lines from         the gateway itself" in said
    assert "charges, refunds, disputes, fees, payouts" in said
    assert "Agreed             yes" in said
    view = sold.json("payments", "reconcile", "--gateway", "simulated", "--from", _YESTERDAY)
    assert (view["agreed"], view["source"], view["lines"]) == (True, "gateway", 2)
    assert counted(view) == {"theirs": 2, "ours": 4, "matched": 4}


def test_files_are_compared_and_say_what_they_held(sold: Terminal, tmp_path: Path) -> None:
    lines = told(sold)
    first, second = written(tmp_path / "1.csv", lines[:1]), written(tmp_path / "2.csv", lines)
    view = sold.json("payments", "reconcile", first, second)
    assert (view["agreed"], view["source"], view["lines"], view["repeated"]) == (True, "report", 2, 1)
    assert "not payouts: the report has none" in sold.said("payments", "reconcile", second)


def test_what_does_not_agree_is_listed_and_ends_the_command_with_its_code(sold: Terminal, tmp_path: Path) -> None:
    strange = f"line_x,charge,7.00,EUR,0.20,{told(sold)[0].at.isoformat()},auth_x,"
    ended = sold.run("payments", "reconcile", written(tmp_path / "report.csv", told(sold), strange))
    assert ended.returncode == 12
    assert "Missing here" in ended.stdout
    assert "line_x" in ended.stdout
    assert "7.00 EUR" in ended.stdout


def test_a_report_that_can_not_be_read_says_where_it_is_wrong(sold: Terminal, tmp_path: Path) -> None:
    for row, what in (
        ("line_x,gift,7.00,EUR,0,2026-03-01T00:00:00Z,,", "Line 2, column kind"),
        ("line_x,charge,7.001,EUR,0,2026-03-01T00:00:00Z,,", "Line 2, column amount"),
        ("line_x,charge,7.00,EURO,0,2026-03-01T00:00:00Z,,", "Line 2, column currency"),
        ("line_x,charge,7.00,EUR,0,1 March,,", "Line 2, column at"),
        (",charge,7.00,EUR,0,2026-03-01T00:00:00Z,,", "Line 2, column id"),
        ("line_x,charge", "Line 2: it has 2 fields"),
    ):
        ended = sold.run("payments", "reconcile", written(tmp_path / "report.csv", [], row))
        assert (ended.returncode, what in ended.stderr) == (2, True), ended.stderr
    (tmp_path / "report.csv").write_text("id,kind,amount,at\n")
    ended = sold.run("payments", "reconcile", str(tmp_path / "report.csv"))
    assert (ended.returncode, "column currency: it is missing" in ended.stderr) == (2, True)


def test_stripes_reports_are_read_as_stripe_writes_them(sold: Terminal, tmp_path: Path) -> None:
    report = tmp_path / "stripe.csv"
    report.write_text(
        "balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,source_id,payment_intent_id\n"
        "txn_1,2026-03-01 12:00:00,eur,7.00,0.20,6.80,charge,ch_1,pi_1\n"
    )
    ended = sold.run("payments", "reconcile", str(report), "--stripe", "--json")
    assert ended.returncode == 12
    assert '"gateway": "stripe"' in ended.stdout
    assert '"reference": "pi_1"' in ended.stdout


def test_a_gateway_is_asked_about_the_last_thirty_days_and_has_to_be_there(sold: Terminal) -> None:
    view = sold.json("payments", "reconcile")
    span = datetime.fromisoformat(view["at_before"]) - datetime.fromisoformat(view["at_from"])
    assert view["agreed"]
    assert timedelta(days=30) <= span < timedelta(days=30, minutes=5)
    assert sold.run("payments", "reconcile", "--stripe", "--from", "2026-03-01").returncode == 4


def test_one_command_says_whether_orders_payments_and_ledger_agree(sold: Terminal) -> None:
    view = sold.json("ledger", "verify")
    rules = [check["rule"] for check in view["checks"]]
    assert view["sound"]
    assert {"transfers_balance", "orders.paid", "payments.operated"} <= set(rules)
    assert not any(rule.startswith("stock.") for rule in rules)
