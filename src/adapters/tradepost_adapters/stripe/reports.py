"""Stripe's reports as they are downloaded from the dashboard or made by its Reporting API, one line of CSV for each line of
the balance (docs.stripe.com/reports/report-types): *Itemized balance change from activity*, *Payout reconciliation* and
*Itemized payouts*. The first two hold no payouts, the third nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import BinaryIO

from tradepost.imports.csv_rows import CsvRows, Row
from tradepost.kernel.errors import Invalid
from tradepost.kernel.money import Money, is_currency
from tradepost.payments.gateway import BalanceKind, BalanceLine
from tradepost_adapters.stripe.balance import kind_of, names_refund, names_source
from tradepost_adapters.stripe.objects import CAPTURE, OPERATION

_ID, _CURRENCY, _CATEGORY = "balance_transaction_id", "currency", "reporting_category"
_GROSS, _FEE, _NET = "gross", "fee", "net"
_TIMES = ("created_utc", "created", "effective_at_utc", "effective_at")
_SOURCES = ("source_id", "payout_id")
_PAYMENTS = ("payment_intent_id", "charge_id")
_OF_CHARGES = (f"payment_metadata[{CAPTURE}]", f"payment_metadata[{OPERATION}]")
_OF_REFUNDS = (f"refund_metadata[{OPERATION}]",)
_NEEDED = ((_ID,), _TIMES, (_CURRENCY,), (_GROSS,), (_FEE,), (_CATEGORY,), _SOURCES)


def read_report(file: BinaryIO, *, timezone: tzinfo = UTC) -> Iterator[BalanceLine]:
    """The lines of a report, in its order. `timezone` is the one it was made with, for the columns that do not say.

    Amounts are read exactly, in the decimals of their currency. Which operation of ours a line is for is known where the
    columns `payment_metadata[operation_id]`, `payment_metadata[capture_operation_id]` and `refund_metadata[operation_id]`
    were asked for. Raises `report.invalid`, with the line of the file and the column, at the first thing that is wrong.
    """
    try:
        rows = CsvRows(file)
    except Invalid as error:
        raise _invalid(1, None, error.detail) from error
    columns = _columns(rows.header)
    for row in rows:
        yield _Record(row, columns).line(timezone)


def _columns(header: Sequence[str]) -> dict[str, int]:
    columns = {name: place for place, name in enumerate(header)}
    for names in _NEEDED:
        if columns.keys().isdisjoint(names):
            raise _invalid(1, names[0], "it is missing; download an itemized report, with this column in it.")
    return columns


class _Record:
    """One row, by the names of its columns."""

    def __init__(self, row: Row, columns: Mapping[str, int]) -> None:
        self._row = row
        self._columns = columns
        if row.faults:
            raise _invalid(row.line, None, f"{row.faults[0]}.")

    def line(self, timezone: tzinfo) -> BalanceLine:
        _, category = self._known(_CATEGORY)
        kind = kind_of(category)
        gross = self._money(_GROSS)
        fee = self._money(_FEE)
        if self._get(_NET)[1] and self._money(_NET) != gross - fee:
            raise self._wrong(_NET, "it is not gross less fee.")
        return BalanceLine(
            id=self._known(_ID)[1],
            kind=kind,
            amount=gross,
            fee=fee.amount,
            at=self._time(timezone),
            reference=self._get(*(_SOURCES if names_source(kind) else _PAYMENTS))[1] or None,
            operation_id=self._operation(kind),
        )

    def _operation(self, kind: BalanceKind) -> str | None:
        if names_refund(kind):
            return self._get(*_OF_REFUNDS)[1] or None
        return (self._get(*_OF_CHARGES)[1] or None) if kind is BalanceKind.CHARGE else None

    def _time(self, timezone: tzinfo) -> datetime:
        column, text = self._known(*_TIMES)
        try:
            at = datetime.fromisoformat(text)
            if at.tzinfo is None:
                at = at.replace(tzinfo=UTC if column.endswith("_utc") else timezone)
            return at.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise self._wrong(column, f"{text[:60]!r} is not a time such as 2026-11-30 14:05:09.") from error

    def _money(self, column: str) -> Money:
        named, code = self._known(_CURRENCY)
        code = code.upper()
        if not is_currency(code):
            raise self._wrong(named, f"{code[:60]!r} is not an ISO 4217 currency code.")
        try:
            return Money.parse(self._known(column)[1], code)
        except Invalid as error:
            raise self._wrong(column, error.detail) from error

    def _known(self, *names: str) -> tuple[str, str]:
        """The column that there is, and what it says. An empty one is wrong."""
        column, text = self._get(*names)
        if not text:
            raise self._wrong(column, "it is empty.")
        return column, text

    def _get(self, *names: str) -> tuple[str, str]:
        """The first of these columns that says something, and what; else the first there is."""
        there = [name for name in names if name in self._columns] or [names[0]]
        for name in there:
            place = self._columns.get(name)
            text = "" if place is None else self._row.values[place].strip()
            if text:
                return name, text
        return there[0], ""

    def _wrong(self, column: str, why: str) -> Invalid:
        return _invalid(self._row.line, column, why)


def _invalid(line: int, column: str | None, why: str) -> Invalid:
    where = f"Line {line}" if column is None else f"Line {line}, column {column}"
    return Invalid("report.invalid", f"{where}: {why}", data={"line": line, "column": column})
