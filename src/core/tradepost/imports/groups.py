"""Rows that belong together: those of one order, or of one product, which stand one after the other."""

from collections.abc import Iterable, Iterator

import msgspec

from tradepost.imports.csv_rows import Row

MAX_ROWS = 5_000
"""Of one order or product. More are refused as they come, so that memory stays flat."""


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
    group: Group | None = None
    unclear: Row | None = None
    for row in rows:
        key = row.values[place].strip() if len(row.values) > place else ""
        if not key:
            if group is None:
                group = Group("")
            group.rows.append(row)
            for fault in row.faults or ("the column that names what it belongs to is empty",):
                group.blame(row, fault)
            unclear = row
            continue
        if group is None or key != group.key or len(group.rows) >= MAX_ROWS:
            too_long = group is not None and key == group.key
            if group is not None:
                if too_long:
                    group.blame(group.rows[-1], f"there are more than {MAX_ROWS:,} rows of {key[:100]}")
                yield group
            group = Group(key)
            if too_long:
                group.blame(row, f"there are more than {MAX_ROWS:,} rows of {key[:100]}")
            elif unclear is not None:
                group.blame(row, f"line {unclear.line} can not be read and might belong to it")
        unclear = None
        group.rows.append(row)
        for fault in row.faults:
            group.blame(row, fault)
    if group is not None:
        yield group
