"""Reads a balance from CSV: a row for each line of it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO

from tradepost.imports.csv_rows import CsvRows, Row
from tradepost.kernel.errors import Invalid
from tradepost.kernel.money import Money, is_currency
from tradepost.payments.gateway import BalanceKind, BalanceLine

_NEEDED = ("id", "kind", "amount", "currency", "at")
COLUMNS = (*_NEEDED, "fee", "reference", "operation_id")
"""Those of a `BalanceLine`; the last three may be missing or empty. Amounts in major units, times in ISO 8601."""


def read_report(file: BinaryIO, /) -> Iterator[BalanceLine]:
    """The lines of a file, in its order. Raises `report.invalid` at the first thing that is wrong."""
    try:
        rows = CsvRows(file)
    except Invalid as error:
        raise _invalid(1, None, error.detail) from error
    places = {name: place for place, name in enumerate(rows.header) if name in COLUMNS}
    for name in _NEEDED:
        if name not in places:
            raise _invalid(1, name, f"it is missing; the columns are {', '.join(COLUMNS)}.")
    for row in rows:
        if row.faults:
            raise _invalid(row.line, None, f"{row.faults[0]}.")
        yield _line(row, {name: row.values[place].strip() for name, place in places.items()})


def _line(row: Row, values: dict[str, str]) -> BalanceLine:
    for name in _NEEDED:
        if not values[name]:
            raise _invalid(row.line, name, "it is empty.")
    if values["kind"] not in list(BalanceKind):
        raise _invalid(row.line, "kind", f"write one of {', '.join(BalanceKind)}.")
    if not is_currency(values["currency"]):
        raise _invalid(row.line, "currency", "write an ISO 4217 code, such as EUR.")
    return BalanceLine(
        id=values["id"],
        kind=BalanceKind(values["kind"]),
        amount=_money(row, "amount", values),
        fee=_money(row, "fee", values).amount if values.get("fee") else 0,
        at=_time(row, values["at"]),
        reference=values.get("reference") or None,
        operation_id=values.get("operation_id") or None,
    )


def _money(row: Row, name: str, values: dict[str, str]) -> Money:
    try:
        return Money.parse(values[name], values["currency"])
    except Invalid as error:
        raise _invalid(row.line, name, error.detail) from error


def _time(row: Row, text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _invalid(row.line, "at", "write a time such as 2026-11-30T14:05:09Z.") from error


def _invalid(line: int, column: str | None, why: str) -> Invalid:
    where = f"Line {line}" if column is None else f"Line {line}, column {column}"
    return Invalid("report.invalid", f"{where}: {why}", data={"line": line, "column": column})
