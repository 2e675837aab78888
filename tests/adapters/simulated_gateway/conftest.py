"""A book of each kind, with the clock it goes by."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tradepost.kernel.clock import ManualClock
from tradepost_adapters.simulated_gateway import Book, Terms

OpenBook = Callable[..., Book]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["memory", "file"])
def open_book(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> Iterator[OpenBook]:
    """Opens a book with the terms given; one in a file is the same file each time."""
    opened: list[Book] = []

    def open_(**terms: object) -> Book:
        chosen = Terms(**terms)  # type: ignore[arg-type]
        if request.param == "memory":
            book = Book.in_memory(clock=clock, terms=chosen)
        else:
            book = Book.at(tmp_path / "book.db", clock=clock, terms=chosen)
        opened.append(book)
        return book

    yield open_
    for book in opened:
        book.close()
