"""Rows that could not be imported, in a file of the same columns: to be put right and imported again."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradepost.imports import Rejected

_OURS = ("rejected_line", "rejected_reason")


class RejectedFile:
    """`Rejects` beside the file that is imported: `orders.csv` has `orders.csv.rejected.csv`. There is none when there
    is nothing to reject; one of an earlier run goes."""

    def __init__(self, imported: Path) -> None:
        self.path = imported.with_name(f"{imported.name}.rejected.csv")
        self._file: IO[str] | None = None
        self._writer: Any = None
        self._kept: list[int] = []

    def __enter__(self) -> "RejectedFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
        elif error is None:
            self.path.unlink(missing_ok=True)

    def add(self, header: Sequence[str], row: "Rejected", /) -> None:
        if self._file is None:
            # What was no UTF-8 goes out as it came in.
            self._file = self.path.open("w", newline="", encoding="utf-8", errors="surrogateescape")
            self._writer = csv.writer(self._file)
            self._kept = [place for place, name in enumerate(header) if name not in _OURS]
            self._write(_OURS, header)
        self._write((str(row.line), "; ".join(row.reasons)), row.values)

    def _write(self, ours: Iterable[str], values: Sequence[str]) -> None:
        kept = [values[place] if place < len(values) else "" for place in self._kept]
        beyond = values[self._kept[-1] + 1 :] if self._kept else ()
        self._writer.writerow((*ours, *kept, *beyond))
