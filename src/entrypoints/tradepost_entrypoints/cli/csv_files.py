"""CSV files that are written a page at a time: memory stays flat however much there is."""

import csv
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TextIO, TypeVar

from tradepost.kernel.money import Money
from tradepost.kernel.pages import MAX_LIMIT, Page, PageRequest

V = TypeVar("V")

TERMINAL = Path("-")


async def all_of(ask: Callable[[PageRequest], Awaitable[Page[V]]], *, sort: str) -> AsyncIterator[V]:
    """Everything a list has, page after page. Sorted by what does not change, so that nothing is missed or told twice
    while the shop goes on selling."""
    cursor = None
    while True:
        page = await ask(PageRequest(limit=MAX_LIMIT, cursor=cursor, sort=sort))
        for view in page.items:
            yield view
        cursor = page.next_cursor
        if cursor is None:
            return


@contextmanager
def writing(target: Path, header: Sequence[str]) -> Iterator[Callable[[Sequence[object]], None]]:
    """Writes rows to the file, or to the terminal for `-`. The file is there when it is whole, and not before."""
    with text_file(target) as file:
        yield _rows(file, header)


@contextmanager
def text_file(target: Path) -> Iterator[TextIO]:
    """The file, or the terminal for `-`. The file is there when it is whole, and not before."""
    if target == TERMINAL:
        yield sys.stdout
        return
    growing = target.with_name(f"{target.name}.part")
    try:
        with growing.open("w", newline="", encoding="utf-8") as file:
            yield file
        os.replace(growing, target)
    finally:
        growing.unlink(missing_ok=True)


def _rows(file: TextIO, header: Sequence[str]) -> Callable[[Sequence[object]], None]:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)

    def write(values: Sequence[object]) -> None:
        writer.writerow([_cell(value) for value in values])

    return write


def _cell(value: object) -> str:
    """Money in major units, times in ISO 8601, yes and no as true and false, nothing as nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Money):
        return str(value.decimal())
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)
