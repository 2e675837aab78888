"""`tradepost ledger`, on each database."""

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from beancount import loader
from beancount.core import realization
from tests.entrypoints.cli.conftest import Terminal

from tradepost.kernel.access import operator
from tradepost.kernel.money import Money
from tradepost.ledger import PostTransferCommand, credit, debit
from tradepost.shop import Shop

MARCH = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)


def post(terminal: Terminal, reference: str, cents: int, source: str, target: str, description: str = "") -> None:
    async def work(shop: Shop) -> None:
        money = Money(cents, "EUR")
        postings = debit(target, money, subject="order_1"), credit(source, money)
        await shop.post_transfer(
            PostTransferCommand(
                actor=operator("test"), reference=reference, postings=postings, description=description, at=MARCH
            )
        )

    terminal.in_shop(work)


@pytest.fixture
def kept(terminal: Terminal) -> Terminal:
    """A shop with some books."""
    for code, type_, *floor in (
        ("bank", "asset"),
        ("sales", "revenue"),
        ("wallet:cus_1", "liability", "--floor", "0"),
        ("wallet:cus.1", "liability", "--floor", "-5.00"),
    ):
        terminal.said("ledger", "open", code, type_, "EUR", "--name", f"The {code}", *floor)
    post(terminal, "sale 1", 1190, "sales", "bank", 'A "mug" \\ saucer')
    post(terminal, "load 1", 500, "wallet:cus_1", "bank")
    post(terminal, "load 2", 300, "wallet:cus.1", "bank")
    return terminal


def rows(table: str) -> list[list[str]]:
    return [line.split() for line in table.splitlines()[2:] if line]


def test_accounts_balances_and_statements_are_shown(kept: Terminal) -> None:
    assert [row[0] for row in rows(kept.said("ledger", "accounts", "--family", "wallet"))] == [
        "wallet:cus.1",
        "wallet:cus_1",
    ]
    assert "Balance  19.90 EUR" in kept.said("ledger", "balance", "bank")
    assert "Balance  0.00 EUR" in kept.said("ledger", "balance", "bank", "--at", "2026-03-09")
    ended = kept.run("ledger", "statement", "bank", "--from", "2026-03-10", "--until", "2026-03-11")
    assert [line.split()[2:4] for line in ended.stdout.splitlines()[2:]] == [
        ["sale", "1"],
        ["load", "1"],
        ["load", "2"],
    ]
    assert ended.stderr == "Before: 0.00 EUR\nAfter: 19.90 EUR\n"
    assert kept.run("ledger", "balance", "nowhere").returncode == 3


def test_the_trial_balance_shows_both_sides(kept: Terminal) -> None:
    said = kept.said("ledger", "trial-balance")
    assert "wallet" in said
    assert said.splitlines()[-1].split() == ["EUR", "19.90", "EUR", "19.90", "EUR", "yes"]
    assert kept.json("ledger", "trial-balance")["balanced"] is True


def test_a_ledger_is_verified_with_its_head(kept: Terminal) -> None:
    async def seal(shop: Shop) -> None:
        await shop.seal_ledger()

    kept.in_shop(seal)
    ended = kept.run("ledger", "verify")
    assert ended.returncode == 0
    head = ended.stderr.splitlines()[0].removeprefix("Head: ")
    assert ended.stderr.splitlines()[1] == "Not sealed yet: 0 entries."
    assert kept.run("ledger", "verify", "--head", head).returncode == 0
    assert kept.run("ledger", "verify", "--head", "1:" + "0" * 64).returncode == 12
    assert kept.run("ledger", "verify", "--head", "1").returncode == 2


def test_beancount_accepts_the_export_and_finds_the_same_balances(kept: Terminal, tmp_path: Path) -> None:
    target = tmp_path / "books.beancount"
    assert kept.said("ledger", "export", str(target)) == f"{target} has 3 transfers.\n"
    checked = subprocess.run(
        [Path(sys.executable).with_name("bean-check"), target], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    entries, errors, _ = loader.load_file(str(target))
    assert errors == []
    root = realization.realize(entries)
    found = {
        account.account: account.balance.get_currency_units("EUR").number
        for account in realization.iter_children(root, leaf_only=True)
    }
    assert found == {
        "Assets:Bank": Decimal("19.90"),
        "Income:Sales": Decimal("-11.90"),
        "Liabilities:Wallet:Cus-1": Decimal("-3.00"),
        "Liabilities:Wallet:Cus-1-2": Decimal("-5.00"),
    }


def test_the_ledger_is_exported_for_spreadsheets_and_programs(kept: Terminal) -> None:
    lines = kept.said("ledger", "export", "-", "--format", "csv").splitlines()
    assert lines[0].endswith("account,debit,credit,currency,subject")
    assert len(lines) == 7
    assert sum(line.endswith(",EUR,order_1") for line in lines) == 3
    found = [msgspec.json.decode(line) for line in kept.said("ledger", "export", "-", "--format", "jsonl").splitlines()]
    assert [each["kind"] for each in found] == ["account"] * 4 + ["transfer"] * 3
    assert found[4]["postings"][0] == {
        "account": "bank",
        "side": "debit",
        "amount": {"amount": 1190, "currency": "EUR"},
        "subject": "order_1",
    }
