"""Reading files as they are met."""

import io
import time
import tracemalloc
from collections.abc import Iterator

import pytest

from tradepost.imports.csv_rows import MAX_LINE, Columns, CsvRows, Row
from tradepost.kernel.errors import Invalid


def read(data: bytes | str) -> list[Row]:
    return list(CsvRows(io.BytesIO(data.encode() if isinstance(data, str) else data)))


def refused(data: bytes) -> str:
    with pytest.raises(Invalid) as error:
        CsvRows(io.BytesIO(data))
    assert error.value.code == "import.unreadable"
    return error.value.detail


def test_rows_have_the_line_they_begin_on() -> None:
    rows = read('a,b\n1,"two\nlines"\r\n\n3,4\n,\n5,"say ""hi"""\n')
    assert [(row.line, row.values, row.faults) for row in rows] == [
        (2, ("1", "two\nlines"), ()),
        (5, ("3", "4"), ()),
        (7, ("5", 'say "hi"'), ()),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_delimiters_line_ends_and_byte_order_marks_are_seen_through(mark: bytes, delimiter: str, end: str) -> None:
    text = end.join((delimiter.join(("é", "b")), delimiter.join(("ü", "2"))))
    rows = CsvRows(io.BytesIO(mark + text.encode()))
    assert rows.header == ("é", "b")
    assert [row.values for row in rows] == [("ü", "2")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_other_unicode_encodings_are_refused_by_name(encoding: str) -> None:
    assert encoding.upper() in refused("a,b\n1,2\n".encode(encoding))


def test_a_header_that_can_not_be_read_says_why() -> None:
    assert "UTF-8" in refused("größe,b\n".encode("latin-1"))
    assert "NUL" in refused("a,b\n".encode("utf-16-le"))
    assert "empty" in refused(b"")
    assert "empty" in refused(b",,\n1,2,3\n")
    assert "twice: a" in refused(b"a,b,a\n")
    assert "carriage return" in refused(b"a,b\r1,2\r")
    assert "longer" in refused(b"a" * (MAX_LINE + 1))


def test_a_row_that_is_not_utf_8_is_one_bad_row_and_keeps_its_bytes() -> None:
    bad, good = read(b"a,b\n1,gr\xf6\xdfe\n2,ok\n")
    assert "not UTF-8 (byte 0xf6 at 5)" in bad.faults[0]
    assert bad.values[1].encode(errors="surrogateescape") == b"gr\xf6\xdfe"
    assert (good.values, good.faults) == (("2", "ok"), ())


def test_nul_characters_and_wrong_numbers_of_fields_are_told_together() -> None:
    (row,) = read(b"a,b\n1,x\0y,3\n")
    assert row.faults == ("it holds a NUL character", "it has 3 fields, and the header has 2")


def test_a_field_of_ten_megabytes_is_one_bad_row_and_does_not_fill_the_memory() -> None:
    data = b'a,b\n1,"' + b"x" * 10_000_000 + b'"\n2,ok\n'
    tracemalloc.start()
    rows = read(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [(row.line, row.values[:1], bool(row.faults)) for row in rows] == [(2, ("1",), True), (3, ("2",), False)]
    assert peak < len(data) + 8 * MAX_LINE


def test_a_field_longer_than_the_limit_in_a_line_that_is_not_is_one_bad_row() -> None:
    rows = read("a,b\n1," + "x" * 200_000 + "\n2,ok\n")
    assert [(row.line, bool(row.faults)) for row in rows] == [(2, True), (3, False)]
    assert "longer than" in rows[0].faults[0]


def test_a_quote_that_is_not_closed_takes_no_other_row_with_it() -> None:
    rows = read('a,b\n1,"open\n' + "".join(f"{n},ok\n" for n in range(2, 20_000)))
    assert [row.line for row in rows if row.faults] == [2]
    assert rows[0].values[0] == "1"
    assert len(rows) == 19_999


def test_text_after_a_closing_quote_is_a_bad_row() -> None:
    rows = read('a,b\n1,"x"y\n2,ok\n3,5" pipe\n')
    assert ["closing quote" in fault for fault in rows[0].faults] == [True]
    assert [row.values for row in rows[1:]] == [("2", "ok"), ("3", '5" pipe')]


def test_a_file_of_quotes_that_are_not_closed_is_read_in_a_moment() -> None:
    began = time.monotonic()
    rows = read("a,b\n" + '1,"x\n' * 50_000)
    assert [row.line for row in rows if row.faults] == list(range(2, 50_002))
    assert time.monotonic() - began < 5


class _Endless(io.RawIOBase):
    """A line that does not end for forty megabytes."""

    def __init__(self) -> None:
        self._parts: Iterator[bytes] = iter([b"a,b\n", *[b"x" * 1_000_000] * 40, b"\n1,2\n"])
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        if not self._left:
            self._left = next(self._parts, b"")
        count = min(len(buffer), len(self._left))
        buffer[:count], self._left = self._left[:count], self._left[count:]
        return count


def test_a_line_without_an_end_is_skipped_without_being_kept() -> None:
    tracemalloc.start()
    rows = list(CsvRows(io.BufferedReader(_Endless())))  # type: ignore[arg-type]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [(row.line, bool(row.faults)) for row in rows] == [(2, True), (3, False)]
    assert peak < 12_000_000


def test_columns_that_are_missing_and_unknown_are_all_named() -> None:
    with pytest.raises(Invalid) as error:
        Columns(("a", "x", "option.Size", "rejected_line"), required=("a", "b", "c"), families=("option.",))
    assert [fault.pointer for fault in error.value.faults] == ["/b", "/c", "/x"]
    assert Columns(("a", "x"), required=("a",), others=True).ignored == ("x",)
