"""Tables in memory: found by their indexes, and put back exactly when a transaction fails."""

import asyncio
import threading
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.kernel.transactions import StaleVersion, TransactionMisuse
from tradepost_adapters.memory.database import (
    Index,
    MemoryDatabase,
    MemoryTransactions,
    Session,
    Table,
    TableOf,
    UniqueViolation,
)


class Book(msgspec.Struct, frozen=True):
    author: str | None
    isbn: str | None = None
    tags: tuple[str, ...] = ()


BOOKS = TableOf[int, Book](
    "books",
    author=Index(lambda book: book.author),
    isbn=Index(lambda book: book.isbn, unique=True),
    tags=Index(lambda book: book.tags, each=True),
)
PLAIN = TableOf[int, str]("plain")


class Library:
    """A database of books; `write` runs plain functions on their table."""

    def __init__(self) -> None:
        self.database = MemoryDatabase()
        self.transactions: MemoryTransactions[Session] = MemoryTransactions(self.database, lambda session: session)

    async def write(self, change: Callable[[Table[int, Book]], None]) -> None:
        async def work(session: Session) -> None:
            change(session.table(BOOKS))

        await self.transactions.run(work)

    def read(self) -> dict[int, Book]:
        with self.database.reading() as session:
            return dict(session.table(BOOKS).items())

    def found(self, index: str, value: str) -> list[Book]:
        with self.database.reading() as session:
            return session.table(BOOKS).by(index, value)


@pytest.fixture
def library() -> Library:
    return Library()


async def test_rows_are_found_by_their_indexes_in_the_order_they_came(library: Library) -> None:
    def change(books: Table[int, Book]) -> None:
        books[2] = Book("Ada", "i2", ("old", "rare"))
        books[1] = Book("Ada", "i1", ("old",))
        books[3] = Book(None)

    await library.write(change)
    assert [book.isbn for book in library.found("author", "Ada")] == ["i2", "i1"]
    assert [book.isbn for book in library.found("tags", "old")] == ["i2", "i1"]
    assert [book.isbn for book in library.found("tags", "rare")] == ["i2"]
    assert library.found("author", "Bob") == []
    with library.database.reading() as session:
        books = session.table(BOOKS)
        assert books.one("isbn", "i1") == Book("Ada", "i1", ("old",))
        assert books.one("isbn", "none") is None
        assert books.has("author", "Ada")
        assert not books.has("author", "Bob")


async def test_a_replaced_or_deleted_row_is_no_longer_found_by_what_it_was(library: Library) -> None:
    def insert(books: Table[int, Book]) -> None:
        books.add(1, Book("Ada", "i1", ("old",)))
        books.add(2, Book("Bob", "i2"))

    def change(books: Table[int, Book]) -> None:
        books[1] = Book("Eve", "i1", ("new",))
        del books[2]
        assert books.pop(3) is None

    await library.write(insert)
    await library.write(change)
    assert library.found("author", "Ada") == library.found("author", "Bob") == library.found("tags", "old") == []
    assert [book.isbn for book in library.found("author", "Eve")] == ["i1"]
    assert set(library.read()) == {1}


@pytest.mark.parametrize(("key", "isbn", "index"), [(1, "other", None), (2, "i1", "isbn")])
async def test_a_second_row_with_a_unique_value_is_refused(
    library: Library, key: int, isbn: str, index: str | None
) -> None:
    await library.write(lambda books: books.add(1, Book("Ada", "i1")))
    with pytest.raises(UniqueViolation) as refused:
        await library.write(lambda books: books.add(key, Book("Bob", isbn)))
    assert refused.value.index == index
    assert library.read() == {1: Book("Ada", "i1")}


async def test_a_row_may_keep_its_unique_value_and_give_it_away_later(library: Library) -> None:
    def change(books: Table[int, Book]) -> None:
        books[1] = Book("Ada", "i1")
        books[1] = Book("Eve", "i1")
        books[1] = Book("Eve", None)
        books[2] = Book("Bob", "i1")

    await library.write(change)
    assert library.found("isbn", "i1") == [Book("Bob", "i1")]


async def test_work_that_hides_a_refused_row_is_refused_itself(library: Library) -> None:
    def change(books: Table[int, Book]) -> None:
        books[1] = Book("Ada", "i1")
        try:
            books.add(2, Book("Bob", "i1"))
        except UniqueViolation:
            books.add(2, Book("Bob", "i2"))

    with pytest.raises(TransactionMisuse, match="refused a statement"):
        await library.write(change)
    assert library.read() == {}


KEYS = st.integers(1, 5)
ROWS = st.builds(
    Book,
    st.sampled_from(["Ada", "Bob", None]),
    st.sampled_from(["i1", "i2", "i3", None]),
    st.lists(st.sampled_from(["x", "y", "z"]), max_size=3, unique=True).map(tuple),
)
CHANGES = st.lists(st.tuples(KEYS, st.none() | ROWS), max_size=12)


@given(CHANGES, CHANGES)
def test_a_failed_transaction_leaves_rows_and_indexes_as_they_were(
    before: list[tuple[int, Book | None]], undone: list[tuple[int, Book | None]]
) -> None:
    library = Library()

    def apply(changes: list[tuple[int, Book | None]]) -> Callable[[Table[int, Book]], None]:
        def change(books: Table[int, Book]) -> None:
            for key, row in changes:
                if row is None:
                    books.pop(key)
                else:
                    books[key] = row

        return change

    def fail(books: Table[int, Book]) -> None:
        apply(undone)(books)
        raise KeyboardInterrupt

    for changes in ([change] for change in before):
        try:
            asyncio.run(library.write(apply(changes)))
        except UniqueViolation:
            continue
    expected = library.read()
    with pytest.raises((KeyboardInterrupt, UniqueViolation)):
        asyncio.run(library.write(fail))
    rows = library.read()
    assert rows == expected
    for name, index in BOOKS.indexes.items():
        for value in ("Ada", "Bob", "i1", "i2", "i3", "x", "y", "z"):
            indexed = sorted(library.found(name, value), key=repr)
            assert indexed == sorted((row for row in rows.values() if value in index.values(row)), key=repr)


async def test_sequences_count_on_and_never_give_a_number_twice(library: Library) -> None:
    taken = []

    async def work(session: Session) -> None:
        taken.append(session.next("numbers"))
        if len(taken) == 2:
            raise StaleVersion("x")

    for _ in range(3):
        await library.transactions.run(work)
    assert taken == [1, 2, 3, 4]


async def test_a_look_at_committed_rows_can_not_write_and_ends(library: Library) -> None:
    with library.database.reading() as session:
        books = session.table(BOOKS)
        with pytest.raises(TypeError, match="only read"):
            books[1] = Book("Ada")
    for use in (lambda: books.get(1), lambda: len(books), lambda: 1 in books, lambda: session.table(PLAIN)):
        with pytest.raises(TransactionMisuse, match="has ended"):
            use()


async def test_work_that_reads_past_its_transaction_is_refused(library: Library) -> None:
    async def work(session: Session) -> None:
        library.read()

    with pytest.raises(TransactionMisuse, match="read port"):
        await library.transactions.run(work)


def test_readers_in_other_threads_never_see_half_a_transaction(library: Library) -> None:
    done = threading.Event()
    torn: list[dict[int, Book]] = []

    def read() -> None:
        while not done.is_set():
            rows = library.read()
            if len({book.author for book in rows.values()}) > 1:
                torn.append(rows)

    def write(number: int) -> Callable[[Table[int, Book]], None]:
        def change(books: Table[int, Book]) -> None:
            for key in range(5):
                books[key] = Book(str(number))

        return change

    async def write_all() -> None:
        for number in range(500):
            await library.write(write(number))

    reader = threading.Thread(target=read)
    reader.start()
    asyncio.run(write_all())
    done.set()
    reader.join()
    assert torn == []
    assert {book.author for book in library.read().values()} == {"499"}


async def test_the_line_that_waits_is_in_the_traceback(library: Library) -> None:
    async def waits_here() -> None:
        await asyncio.sleep(0)

    async def work(session: Session) -> None:
        await waits_here()

    with pytest.raises(TransactionMisuse) as refused:
        await library.transactions.run(work)
    assert "waits_here" in [entry.name for entry in refused.traceback]
