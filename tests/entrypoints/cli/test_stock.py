"""`tradepost stock`, on a migrated SQLite file."""

from collections.abc import Callable

import msgspec
import pytest

from tradepost_entrypoints.cli.commands.stock import stock
from tradepost_entrypoints.cli.errors import execute

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(sqlite_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("TRADEPOST_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("TRADEPOST_PAYMENT_GATEWAY", sqlite_url.replace("sqlite", "simulated").replace(".db", "-gw.db"))

    def run(*arguments: str) -> tuple[int, str, str]:
        code = execute(stock, arguments)
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


def rows(table: str) -> list[list[str]]:
    return [line.split() for line in table.splitlines()[2:]]


def test_goods_arrive_and_are_listed_with_every_movement(run: Run) -> None:
    assert run("levels")[1] == "Nothing is stocked.\n"
    code, out, err = run("adjust", "received", "MUG=12", "A=B=3", "--reference", "delivery-1")
    assert (code, out) == (0, "Received at main: 2 SKUs, reference delivery-1.\n")
    assert err == "Not stocked at main before: A=B, MUG.\n"
    assert run("adjust", "corrected", "MUG=-2")[0] == 0
    assert rows(run("levels")[1]) == [["A=B", "main", "3", "0", "3", "–"], ["MUG", "main", "10", "0", "10", "–"]]
    moved = rows(run("movements", "--sku", "MUG", "--since", "2026-01-01")[1])
    assert [row[3:6] for row in moved] == [["main", "corrected", "-2"], ["main", "received", "+12"]]
    assert run("movements", "--reason", "damaged")[1] == "Nothing has moved.\n"


def test_what_runs_low_is_listed(run: Run) -> None:
    run("adjust", "received", "MUG=12")
    assert run("low")[1] == "Nothing runs low.\n"
    assert run("set-low", "MUG", "12")[1] == "MUG at main counts as low from 12 down.\n"
    assert rows(run("low")[1]) == [["MUG", "main", "12", "0", "12", "12"]]
    assert run("set-low", "MUG")[1] == "MUG at main never counts as low.\n"
    assert run("low")[1] == "Nothing runs low.\n"


def test_goods_move_between_locations(run: Run) -> None:
    assert run("locations", "create", "berlin", "--name", "Berlin")[1] == "Location berlin is there, and empty.\n"
    assert rows(run("locations", "list")[1]) == [["berlin", "Berlin"], ["main", "Main"]]
    run("adjust", "received", "MUG=12")
    assert run("transfer", "main", "berlin", "MUG=5", "--reference", "van")[1] == (
        "Moved from main to berlin under reference van.\n"
    )
    listed = msgspec.json.decode(run("levels", "--json")[1])
    assert [(level["location"], level["on_hand"]) for level in listed["items"]] == [("berlin", 5), ("main", 7)]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("adjust", "received", "MUG", "=3", "CUP=1"), 2, "Nothing was done."),
        (("adjust", "damaged", "MUG=3"), 2, "Nothing was adjusted: see errors."),
        (("adjust", "received", "MUG=3", "--location", "nowhere"), 3, "There is no location 'nowhere'."),
        (
            ("locations", "create", "main", "--name", "Main"),
            4,
            "There is a location 'main' already; choose another code.",
        ),
        (("transfer", "main", "main", "MUG=1"), 2, "Nothing was transferred: see errors."),
        (
            ("levels", "--sort", "color"),
            2,
            "Can not sort by 'color'; choose one of sku, location, available, or -field.",
        ),
    ],
)
def test_a_mistake_is_one_sentence_and_a_code(run: Run, arguments: tuple[str, ...], code: int, message: str) -> None:
    ended, _, err = run(*arguments)
    assert (ended, err.splitlines()[0]) == (code, f"Error: {message}")


def test_an_unknown_reason_is_answered_with_those_there_are(run: Run) -> None:
    ended, _, err = run("movements", "--reason", "stolen")
    assert ended == 2
    assert "There is no reason 'stolen'; it is one of reserved, released," in err
