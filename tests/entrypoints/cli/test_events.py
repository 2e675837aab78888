"""`tradepost events`: what was told, what could not be taken, and telling it again, on each database."""

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.entrypoints.cli.conftest import Terminal

from tradepost.catalog import CreateProductCommand
from tradepost.kernel.access import operator
from tradepost.kernel.events import Message
from tradepost.messaging.parking import Parked
from tradepost_entrypoints.cli import shop as opening

AT = datetime(2026, 1, 1, tzinfo=UTC)
OWN = '''
from tradepost.catalog.events import ProductCreated
from tradepost.kernel import Event
from tradepost.messaging import OnceInEffect


class Noted(Event, frozen=True, kw_only=True, tag="acme.noted.v1"):
    """Ours."""


async def take(tx, message):
    with open("taken.txt", "a") as file:
        file.write(message.id + "\\n")


def make(host):
    return [OnceInEffect("acme", [ProductCreated], take, host.transactions, host.clock)]
'''


def create(terminal: Terminal, title: str) -> str:
    command = CreateProductCommand(actor=operator(), title=title)
    return terminal.in_shop(lambda shop: shop.create_product(command)).id


@pytest.fixture
def own(terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A consumer of the shop's own; the file says what it has taken."""
    (tmp_path / "acme_consumers.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("TRADEPOST_CONSUMERS", "acme_consumers:make")
    return tmp_path / "taken.txt"


def park(item: Parked) -> None:
    async def work(tx: Any) -> None:
        await tx.parking.park([item])

    async def opened() -> None:
        async with opening.machinery() as container:
            await container.backend().transactions.run(work)

    asyncio.run(opened())


def dead_letter(aggregate: str, consumer: str = "picky") -> str:
    message = Message(
        id=f"{aggregate}.1.0",
        type="tradepost.product.created.v1",
        aggregate_id=aggregate,
        sequence=1000,
        payload=b'{"type":"tradepost.product.created.v1"}',
        occurred_at=AT,
    )
    error = 'Traceback (most recent call last):\n  File "x.py", line 1\nValueError: no shelf'
    park(
        Parked(consumer=consumer, message=message, parked_at=AT, retry_at=None, failures=15, failed_at=AT, error=error)
    )
    return message.id


def test_what_was_told_is_shown_and_nothing_before_it_was(terminal: Terminal) -> None:
    first = create(terminal, "Mug")
    assert terminal.said("events", "tail") == ""
    terminal.run("jobs", "run")
    (line,) = terminal.said("events", "tail", "--types", "tradepost.product.*").splitlines()
    assert f"1  tradepost.product.created.v1  {first}.1.0" in line
    shown = json.loads(terminal.run("events", "tail", "--json").stdout)
    assert (shown["number"], shown["data"]["product_id"]) == (1, first)
    assert terminal.json("events", "show", f"{first}.1.0") == shown
    assert terminal.said("events", "tail", "--since", "2100-01-01") == ""
    assert terminal.run("events", "show", "order_none.1.0").returncode == 3
    assert terminal.run("events", "tail", "--types", "everything").returncode == 2


def test_the_log_is_followed_until_nobody_looks_any_more(terminal: Terminal) -> None:
    first = create(terminal, "Mug")
    terminal.run("jobs", "run")
    program = "from tradepost_entrypoints.cli.main import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "events", "tail", "--follow", "--json"], stdout=subprocess.PIPE, text=True
    ) as following:
        assert following.stdout is not None
        assert json.loads(following.stdout.readline())["aggregate_id"] == first
        second = create(terminal, "Pen")
        terminal.run("jobs", "run")
        assert json.loads(following.stdout.readline())["aggregate_id"] == second
        following.terminate()


def test_dead_letters_are_listed_shown_and_given_again(terminal: Terminal) -> None:
    assert terminal.said("events", "dead", "list") == "None.\n"
    first, second = dead_letter("prod_1"), dead_letter("prod_2", "other")
    listed = terminal.said("events", "dead", "list", "--consumer", "picky")
    assert first in listed
    assert "ValueError: no shelf" in listed
    assert second not in listed
    ended = terminal.run("events", "dead", "show", first, "--consumer", "picky")
    assert "Traceback" in ended.stderr
    assert terminal.json("events", "dead", "show", first, "--consumer", "picky")["failures"] == 15
    assert terminal.run("events", "dead", "show", first, "--consumer", "other").returncode == 3

    assert terminal.run("events", "dead", "redrive").returncode == 2
    assert terminal.said("events", "dead", "redrive", first) == "1 are due again.\n"
    assert terminal.run("events", "dead", "redrive", first).returncode == 4
    (waits,) = terminal.json("events", "parked", "list")["items"]
    assert (waits["message_id"], waits["failures"]) == (first, 0)
    assert terminal.json("events", "parked", "show", first, "--consumer", "picky")["message_id"] == first
    assert terminal.json("events", "dead", "redrive", "--all") == {"redriven": 1}
    assert terminal.json("events", "dead", "list")["items"] == []


def test_a_consumer_of_ones_own_is_told_and_told_again_when_asked(terminal: Terminal, own: Path) -> None:
    product = create(terminal, "Mug")
    terminal.run("jobs", "run")
    assert own.read_text() == f"{product}.1.0\n"
    replay = ("events", "replay", "--since", "2020-01-01", "--consumer", "acme")
    assert terminal.json(*replay) == {"replayed": 0, "up_to": 1}
    assert terminal.said(*replay, "--again") == "1 events wait for acme, up to number 1.\n"
    terminal.run("jobs", "run")
    assert own.read_text() == f"{product}.1.0\n" * 2


def test_a_replay_says_whom_it_does_not_know(terminal: Terminal) -> None:
    assert terminal.run("events", "replay", "--since", "2020-01-01", "--consumer", "nobody").returncode == 3
    assert terminal.run("events", "replay", "--since", "2020-01-01").returncode == 2
    assert terminal.run("events", "replay", "--since", "2020-01-01", "--broker", "--again").returncode == 2


def test_a_broker_in_process_keeps_nothing_to_be_handed_again(terminal: Terminal) -> None:
    create(terminal, "Mug")
    terminal.run("jobs", "run")
    assert terminal.run("events", "replay", "--since", "2020-01-01", "--broker").returncode == 10


@pytest.mark.parametrize("named", ["nowhere:make", "acme_consumers:nothing", "tradepost:__name__"])
def test_consumers_that_are_not_there_are_a_mistake_in_the_settings(
    terminal: Terminal, own: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.setenv("TRADEPOST_CONSUMERS", named)
    ended = terminal.run("jobs", "run")
    assert ended.returncode == 2
    assert "TRADEPOST_CONSUMERS" in ended.stderr


def test_the_schemas_are_those_of_the_shop_and_ones_own(terminal: Terminal, own: Path) -> None:
    every = json.loads(terminal.said("events", "schema"))
    assert {"tradepost.order.placed.v1", "acme.noted.v1"} <= set(every)
    one = json.loads(terminal.said("events", "schema", "tradepost.order.placed.v1"))
    assert one == every["tradepost.order.placed.v1"]
    whole = json.loads(terminal.said("events", "schema", "acme.noted.v1", "--envelope"))
    assert whole["properties"]["type"] == {"const": "acme.noted.v1"}
    assert whole["properties"]["data"]["title"] == "acme.noted.v1"
    assert terminal.run("events", "schema", "acme.other.v1").returncode == 3
    document = json.loads(terminal.said("events", "asyncapi"))
    assert document["asyncapi"] == "3.0.0"
    assert "acme.noted.v1" in document["components"]["messages"]
