"""Reading CSV as other systems write it: one row at a time, whatever it holds, without losing the rows after a bad one.

RFC 4180 with what is met in the field: UTF-8 with or without a byte order mark; comma, semicolon or tab; LF or CRLF;
quoted fields with line ends in them. What can not be read is a row with faults, and reading goes on with the next one.
"""

import codecs
import csv
from collections import deque
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import msgspec

from tradepost.kernel.errors import Fault, Invalid

MAX_LINE = 1 << 20
"""Bytes of one line of the file; what is longer is a bad row, and its rest is skipped without being kept."""

_DELIMITERS = (",", ";", "\t")
_OTHER_ENCODINGS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_OURS = "rejected_"  # what a file of rejected rows has more than the file they come from


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row: the line of the file it begins on, its fields, and why it can not be read, if it can not.

    A row with faults holds the fields that could be made out all the same, perhaps none.
    """

    line: int
    values: tuple[str, ...]
    faults: tuple[str, ...] = ()


class CsvRows:
    """The header and the rows of a file. Raises `import.unreadable` when not even the header can be read."""

    def __init__(self, file: BinaryIO) -> None:
        self._lines = _Lines(file)
        self.delimiter, self.header = self._read_header()

    @property
    def position(self) -> int:
        """How many bytes of the file have been read."""
        return self._lines.position

    def __iter__(self) -> Iterator[Row]:
        lines, width = self._lines, len(self.header)
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        while True:
            lines.begin()
            try:
                values = next(reader)
            except StopIteration:
                return
            except (csv.Error, _TooLong) as error:
                yield self._broken(error)
                continue
            if not any(values):
                continue  # a blank line, or one of delimiters alone, as spreadsheets leave them behind
            faults = lines.faults
            if len(values) != width:
                faults = (*faults, f"it has {len(values)} fields, and the header has {width}")
            yield Row(lines.first, tuple(values), faults)

    def _read_header(self) -> tuple[str, tuple[str, ...]]:
        self._lines.begin()
        try:
            text = next(self._lines, "")
        except _TooLong as error:
            raise unreadable("Its first line is longer than a header can be: is it a CSV file?") from error
        if self._lines.faults:
            raise unreadable(f"Its header can not be read: {self._lines.faults[0]}.")
        if "\r" in text.rstrip("\r\n"):
            raise unreadable("Its lines end with a carriage return alone. Save it with LF or CRLF line ends.")
        read = []
        for delimiter in _DELIMITERS:
            try:
                read.append((delimiter, tuple(name.strip() for name in next(csv.reader([text], delimiter=delimiter)))))
            except (csv.Error, StopIteration):
                continue
        delimiter, header = max(read, key=lambda each: len(each[1]), default=(",", ()))
        if not any(header):
            raise unreadable("It is empty: its first line must name the columns.")
        twice = sorted({name for name in header if name and header.count(name) > 1})
        if twice:
            raise unreadable(f"Its header names a column twice: {', '.join(twice)}.")
        return delimiter, header

    def _broken(self, error: Exception) -> Row:
        """What is left of a row that can not be read; a quote that is not closed does not take the next rows with it."""
        text = self._lines.take_back()
        try:
            values = tuple(next(csv.reader([text[:100_000]], delimiter=self.delimiter), ()))
        except csv.Error:
            values = ()
        reason = str(error) if isinstance(error, _TooLong) else _reason(error)
        return Row(self._lines.first, values, (*self._lines.faults, reason))


class Columns:
    """Where the columns of a format are. Raises `import.header_invalid` naming every column that is missing or unknown.

    `families` are the beginnings of columns whose end is free, such as `option.`. With `others`, unknown columns are let
    through and listed in `ignored`.
    """

    def __init__(
        self,
        header: Sequence[str],
        *,
        required: Sequence[str],
        optional: Sequence[str] = (),
        families: tuple[str, ...] = (),
        others: bool = False,
    ) -> None:
        self.places = {name: place for place, name in enumerate(header)}
        known = {*required, *optional}
        self.ignored = tuple(
            name
            for name in header
            if name and name not in known and not (families and name.startswith(families)) and not _is_ours(name)
        )
        faults = [Fault(f"/{name}", "this column is missing", "required") for name in required if name not in header]
        if not others:
            faults += [Fault(f"/{name}", "there is no such column") for name in self.ignored]
        if faults:
            raise Invalid("import.header_invalid", "The columns of this file are not those of the format.", *faults)

    def family(self, beginning: str) -> dict[str, int]:
        """The free ends of a family of columns, and where they are."""
        return {
            name.removeprefix(beginning): place for name, place in self.places.items() if name.startswith(beginning)
        }


def unreadable(detail: str) -> Invalid:
    return Invalid("import.unreadable", f"This file can not be imported. {detail}")


def _is_ours(name: str) -> bool:
    return name.startswith(_OURS)


def _reason(error: Exception) -> str:
    text = str(error)
    if "field limit" in text:
        return f"a field is longer than {csv.field_size_limit():,} characters, or a quote is not closed"
    if "unexpected end of data" in text:
        return "a quote is not closed"
    if "expected after" in text:
        return "there is text after the closing quote of a field; quotes inside a field are written twice"
    if "new-line character" in text:
        return "there is a carriage return outside of quotes"
    return f"it is no CSV: {text}"


class _TooLong(Exception):
    """A line that is longer than any row can be."""


_Line = tuple[int, str, tuple[str, ...], bool]  # its number, its text, what is wrong with it, whether it was cut


class _Lines:
    """The lines of the file, decoded, for the CSV reader, which takes as many as a row needs.

    They are remembered until the next row begins, so that a row that went wrong can be given back but for its first line.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._again: deque[_Line] = deque()
        self._taken: list[_Line] = []
        self._number = 0
        self.position = 0
        self.first = 0
        self.faults: tuple[str, ...] = ()

    def begin(self) -> None:
        """The next line begins a row."""
        self._taken.clear()
        self.faults = ()

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._read()
        number, text, faults, too_long = line
        if not self._taken:
            self.first = number
        self._taken.append(line)
        if faults:
            self.faults += faults
        if too_long:
            raise _TooLong(f"the line is longer than {MAX_LINE:,} bytes")
        return text

    def take_back(self) -> str:
        """The first line of the row; the others are read again. That can not make a file slow: what was taken up to the
        field's limit has no quote in it, and so is not taken again."""
        _, text, self.faults, _ = self._taken[0]
        self._again.extendleft(reversed(self._taken[1:]))
        return text

    def _read(self) -> "_Line":
        raw = self._file.readline(MAX_LINE)
        if not raw:
            raise StopIteration
        self._number += 1
        self.position += len(raw)
        faults: tuple[str, ...] = ()
        if self._number == 1:
            raw = self._without_mark(raw)
        too_long = len(raw) == MAX_LINE and not raw.endswith(b"\n")
        if too_long:
            self._skip_line()
        if b"\0" in raw:
            faults += ("it holds a NUL character",)
        try:
            return self._number, raw.decode(), faults, too_long
        except UnicodeDecodeError as error:
            fault = (
                f"it is not UTF-8 (byte {raw[error.start]:#04x} at {error.start + 1}); save the file as CSV in UTF-8"
            )
            return self._number, raw.decode(errors="surrogateescape"), (*faults, fault), too_long

    def _without_mark(self, raw: bytes) -> bytes:
        for mark, name in _OTHER_ENCODINGS.items():
            if raw.startswith(mark):
                raise unreadable(f"It is encoded in {name}. Save it as CSV in UTF-8.")
        return raw.removeprefix(codecs.BOM_UTF8)

    def _skip_line(self) -> None:
        while True:
            more = self._file.readline(MAX_LINE)
            self.position += len(more)
            if not more or more.endswith(b"\n"):
                return
