"""Rows that belong together: those of one order, or of one product, which stand one after the other."""

from collections.abc import Iterable, Iterator

import msgspec

from tradepost.imports.csv_rows import Row

MAX_ROWS = 5_000
MAX_CHARACTERS = 8 << 20
"""Of one order or product. More are refused as they come, so that memory stays flat."""

_TOO_LONG = f"it belongs to more than {MAX_ROWS:,} rows, or {MAX_CHARACTERS:,} characters, of one thing"


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """A row that was not imported: its line, its fields, and every reason."""

    line: int
    values: tuple[str, ...]
    reasons: tuple[str, ...]


class Group:
    """The rows of one thing, and what is wrong with each of them."""

    __slots__ = ("faults", "key", "rows")

    def __init__(self, key: str) -> None:
        self.key = key
        self.rows: list[Row] = []
        self.faults: dict[int, list[str]] = {}

    def blame(self, row: Row, reason: str) -> None:
        """One more thing wrong with a row."""
        self.faults.setdefault(row.line, []).append(reason)

    def rejected(self, what: str) -> list[Rejected]:
        """All of its rows: half of it would be wrong. The rows that are right say which are not."""
        bad = sorted(self.faults)
        lines = f"line{'s' if len(bad) > 1 else ''} {', '.join(map(str, bad[:5]))}{' …' if len(bad) > 5 else ''}"
        held = (f"{what} {self.key[:100]} is held back because of {lines}",)
        return [Rejected(row.line, row.values, tuple(self.faults.get(row.line, held))) for row in self.rows]


def groups(rows: Iterable[Row], place: int) -> Iterator[Group]:
    """Rows with the same field at `place`, as long as they follow each other.

    A row whose key can not be made out might belong to the one before or to the one after, so it holds both back.
    """
    group = Group("")
    size = 0
    unclear: Row | None = None
    for row in rows:
        key = _key(row, place)
        too_long = len(group.rows) >= MAX_ROWS or size >= MAX_CHARACTERS
        if too_long or key not in (None, group.key):
            same = too_long and key in (None, group.key)
            if same:
                group.blame(group.rows[-1], _TOO_LONG)
            if group.rows:
                yield group
            group, size = Group(group.key if key is None else key), 0
            if same:
                group.blame(row, _TOO_LONG)
            elif unclear is not None:
                group.blame(row, f"line {unclear.line} can not be read and might belong to it")
        unclear = row if key is None else None
        group.rows.append(row)
        size += sum(map(len, row.values))
        for fault in row.faults or (("the column that says what it belongs to is empty",) if key is None else ()):
            group.blame(row, fault)
    if group.rows:
        yield group


def _key(row: Row, place: int) -> str | None:
    """What the row belongs to. In a row with faults the fields may have moved, all but the first one; that one may have
    swallowed others, or be what is wrong."""
    key = row.values[place].strip() if len(row.values) > place else ""
    if row.faults and (place or not key.isprintable() or any(mark in key for mark in ",;\t")):
        return None
    return key or None
