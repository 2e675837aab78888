"""Tables, sentences and JSON."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from tradepost.kernel.money import Money
from tradepost.kernel.pages import Page
from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.output import Fields
from tradepost_entrypoints.cli.progress import progress


class Line(msgspec.Struct, frozen=True):
    name: str
    price: Money | None


COLUMNS: Fields[Line] = {"Name": lambda line: line.name, "Price": lambda line: line.price}
LINES = (Line("Tea", Money(450, "EUR")), Line("A tea pot " + "that is long " * 20, Money(12050, "EUR")))


@pytest.fixture
def for_programs() -> Iterator[None]:
    before = output.for_programs.set(True)
    yield
    output.for_programs.reset(before)


def test_a_table_has_headings_a_line_for_each_row_and_numbers_to_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    output.listing(LINES, COLUMNS, empty="None.")
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert lines[0].split() == ["Name", "Price"]
    assert lines[2].startswith("Tea ")
    assert lines[2].endswith("   4.50 EUR")
    assert lines[3].endswith(" 120.50 EUR")
    assert len(lines) == 4


def test_an_empty_list_says_so_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    output.listing((), COLUMNS, empty="No lines yet.")
    assert capsys.readouterr().out == "No lines yet.\n"


def test_a_page_says_how_to_read_on(capsys: pytest.CaptureFixture[str]) -> None:
    output.listing(Page(items=LINES, next_cursor="abc", total=40), COLUMNS, empty="None.")
    assert capsys.readouterr().out.splitlines()[-2:] == ["2 of 40", "More with: --cursor abc"]


@pytest.mark.usefixtures("for_programs")
def test_programs_get_the_views_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    output.listing(Page(items=LINES[:1], next_cursor="abc"), COLUMNS, empty="None.")
    assert json.loads(capsys.readouterr().out) == {
        "items": [{"name": "Tea", "price": {"amount": 450, "currency": "EUR"}}],
        "next_cursor": "abc",
        "total": None,
    }


@pytest.mark.usefixtures("for_programs")
def test_programs_get_no_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    output.done("Fulfilled.", {"order": "order_1"})
    assert json.loads(capsys.readouterr().out) == {"order": "order_1"}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        ("", "–"),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (Money(1999, "JPY"), "1999 JPY"),
        (datetime(2026, 5, 1, 12, 30, tzinfo=UTC), "2026-05-01 12:30:00Z"),
        (datetime(2026, 5, 1, 12, 30, tzinfo=timezone(timedelta(hours=2))), "2026-05-01 10:30:00Z"),
        (("red", "blue"), "red, blue"),
        ("two\nlines \x1b[31m", "two\N{REPLACEMENT CHARACTER}lines \N{REPLACEMENT CHARACTER}[31m"),
    ],
)
def test_values_are_shown_as_people_read_them(value: object, shown: str) -> None:
    assert output.text(value) == shown


def test_square_brackets_in_data_are_shown_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    output.listing([Line("[red]sale[/red]", None)], COLUMNS, empty="None.")
    assert "[red]sale[/red]" in capsys.readouterr().out


def test_progress_is_silent_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("Importing", total=2) as advance:
        advance(1)
        advance(1)
    assert capsys.readouterr() == ("", "")


def test_progress_is_drawn_for_whoever_watches(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress("Importing", total=2) as advance:
        advance(2)
    drawn = capsys.readouterr()
    assert drawn.out == ""
    assert "Importing" in drawn.err
    assert "2/2" in drawn.err
