"""How results are shown: tables and sentences for people, JSON with `--json` for programs. The one place that decides.

A command hands over its views and says how people see them; JSON is always the views themselves.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from tradepost.kernel.money import Money
from tradepost.kernel.pages import Page

View = TypeVar("View")
Fields = Mapping[str, Callable[[View], object]]
"""A heading and how to get its value from a view."""

for_programs: ContextVar[bool] = ContextVar("for_programs", default=False)


def show(view: View, fields: Fields[View], *, whole: object = None) -> None:
    """One thing: a line for each field. `whole` is what programs get where the view is only the head of it."""
    if for_programs.get():
        _json(view if whole is None else whole)
        return
    values = {heading: text(value(view)) for heading, value in fields.items()}
    width = max(map(len, values))
    _write("\n".join(f"{heading.ljust(width)}  {value}" for heading, value in values.items()))


def listing(views: Sequence[View] | Page[View], columns: Fields[View], *, empty: str, whole: object = None) -> None:
    """Many things: a table with a row for each, or the sentence `empty`. A page ends by saying how to go on. `whole` is
    what programs get where the list is only a part of it."""
    if for_programs.get():
        _json(views if whole is None else whole)
        return
    rows = views.items if isinstance(views, Page) else views
    if not rows:
        _write(empty)
        return
    _table([[value(row) for value in columns.values()] for row in rows], list(columns))
    if isinstance(views, Page) and views.total is not None:
        _write(f"{len(rows)} of {views.total}")
    if isinstance(views, Page) and views.next_cursor is not None:
        _write(f"More with: --cursor {views.next_cursor}")


def line(view: View, fields: Fields[View]) -> None:
    """One of many that come one after the other: a line for people, a JSON object on a line for programs."""
    if for_programs.get():
        _write(msgspec.json.encode(view).decode())
    else:
        _write("  ".join(text(value(view)) for value in fields.values()))


def document(content: object) -> None:
    """What is JSON for people too."""
    _json(content)


def also(title: str, views: Sequence[View], columns: Fields[View]) -> None:
    """For people, below what `show` has shown: a part of it as a table, if there is any. Programs have it already."""
    if views and not for_programs.get():
        _write(f"\n{title}")
        _table([[value(row) for value in columns.values()] for row in views], list(columns))


def done(sentence: str, view: object) -> None:
    """Something was done: the sentence (or several lines) for people, what came of it for programs."""
    if for_programs.get():
        _json(view)
    else:
        _write("\n".join(map(printable, sentence.split("\n"))))


def note(sentence: str) -> None:
    """Something people should know besides, on stderr: a program's JSON stays alone on stdout."""
    sys.stderr.write(printable(sentence) + "\n")


def text(value: object) -> str:
    """A value as people read it, on one line: times in UTC to the second, nothing as a dash."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(text, value)) or "–"
    return printable(str(value))


def printable(line: str) -> str:
    """Without what could steer a terminal: names come from customers, and an escape sequence is a fine name to an attacker."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line)


def _table(rows: list[list[object]], headings: list[str]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for index, heading in enumerate(headings):
        numbers = all(_is_number(row[index]) for row in rows)
        table.add_column(heading, justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(text(cell)) for cell in row))
    console = Console()
    if not console.is_terminal:  # `| grep` wants whole lines
        console = Console(width=1_000_000)
    console.print(table)


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float | Money) and not isinstance(value, bool))


def _json(value: Any) -> None:
    _write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def _write(lines: str) -> None:
    sys.stdout.write(lines + "\n")
    sys.stdout.flush()  # a server says where it is before it runs, also to a file
