"""The columns of order history: one row a line, the rows of an order one after the other."""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

import msgspec

from tradepost.customers.customer import MAX_EXTERNAL_ID
from tradepost.imports import values
from tradepost.imports.csv_rows import Columns, Row
from tradepost.imports.groups import Group
from tradepost.kernel.errors import TradepostError
from tradepost.kernel.money import Money, currency, round_half_up
from tradepost.pricing.taxes import ZERO, Rate, TaxTable
from tradepost.pricing.totals import MAX_QUANTITY, PricedLine, TaxedLine, price

REQUIRED = ("order_id", "customer_id", "placed_at", "currency", "sku", "quantity", "total")
OPTIONAL = ("name", "tax_rate", "tax")
_OF_ORDER = ("customer_id", "placed_at", "currency")

MAX_ORDER_ID = 255
MAX_SKU = 255
MAX_NAME = 520


class PlannedOrder(msgspec.Struct, frozen=True, gc=False):
    """An order as the file tells it; `names` has an empty one where the file has none."""

    external_id: str
    customer_external_id: str | None
    placed_at: datetime
    currency: str
    lines: tuple[TaxedLine, ...]
    names: tuple[str, ...]
    uneven: int

    @property
    def total(self) -> int:
        return sum([line.gross.amount for line in self.lines])


class OrderColumns:
    """Makes orders of rows. Raises `import.header_invalid`."""

    def __init__(self, header: Sequence[str]) -> None:
        places = Columns(header, required=REQUIRED, optional=OPTIONAL).places
        self.key = places["order_id"]
        self._of_order = [(name, places[name]) for name in _OF_ORDER]
        self._sku, self._quantity, self._total = places["sku"], places["quantity"], places["total"]
        self._name, self._rate, self._tax = places.get("name"), places.get("tax_rate"), places.get("tax")

    def plan(self, group: Group) -> PlannedOrder | None:
        """The order, or None when the rows are blamed for why not."""
        first = group.rows[0]
        faults: list[str] = []
        values.line_of_text(group.key, "order_id", MAX_ORDER_ID, faults)
        customer, at, code = self._order(first, faults)
        priced, names, taxes = [], [], []
        for row in group.rows:
            found = faults if row is first else self._differences(first, row)
            line, name, tax = self._line(row, code, found)
            priced.append(line)
            names.append(name)
            taxes.append(tax)
            for fault in found:
                group.blame(row, fault)
        if group.faults:
            return None
        try:
            lines = _taxed(priced, taxes, code)
        except TradepostError as error:
            group.blame(first, values.reason(error))
            return None
        uneven = sum(1 for line in priced if line.quantity and line.unit_price.amount * line.quantity != _total(line))
        return PlannedOrder(group.key, customer or None, at, code, lines, tuple(names), uneven)

    def _order(self, row: Row, faults: list[str]) -> tuple[str, datetime, str]:
        customer, at, code = (row.values[place].strip() for _, place in self._of_order)
        values.line_of_text(customer, "customer_id", MAX_EXTERNAL_ID, faults, empty=True)
        moment = values.moment(at, "placed_at", faults)
        try:
            currency(code)
        except TradepostError as error:
            faults.append(f"currency: {values.reason(error)}")
        return customer, moment, code

    def _differences(self, first: Row, row: Row) -> list[str]:
        return [
            f"{name}: it differs from that of line {first.line}, which belongs to the same order"
            for name, place in self._of_order
            if row.values[place] != first.values[place]
        ]

    def _line(self, row: Row, code: str, faults: list[str]) -> tuple[PricedLine, str, Money | None]:
        fields = row.values
        sku = values.line_of_text(fields[self._sku].strip(), "sku", MAX_SKU, faults)
        quantity = values.whole(fields[self._quantity].strip(), "quantity", MAX_QUANTITY, faults)
        name = ""
        if self._name is not None:
            name = values.line_of_text(fields[self._name].strip(), "name", MAX_NAME, faults, empty=True)
        text = fields[self._total].strip()
        total = values.money(text, code, "total", faults) if _known(code) else Money(0, code)
        rate, tax = ZERO, None
        if self._rate is not None and fields[self._rate].strip():
            rate = values.rate(fields[self._rate].strip(), "tax_rate", faults)
        if self._tax is not None and fields[self._tax].strip() and _known(code):
            tax = values.money(fields[self._tax].strip(), code, "tax", faults)
            if tax.amount > total.amount:
                faults.append("tax: it is more than the total, which has to contain it")
            if rate is ZERO and tax.amount:
                faults.append("tax_rate: there is tax, so say at which rate")
        line = PricedLine(
            sku=sku, quantity=quantity, unit_price=_unit_price(total, quantity), tax_category=rate.percent, total=total
        )
        return line, name, tax


def _known(code: str) -> bool:
    try:
        return bool(currency(code))
    except TradepostError:
        return False  # said once, of the order


def _total(line: PricedLine) -> int:
    return line.total.amount if line.total is not None else 0


def _unit_price(total: Money, quantity: int) -> Money:
    """What one of them came to, rounded half up where the total is no multiple of it. None of something has no price."""
    if quantity == 1:
        return total
    if not quantity:
        return Money(0, total.currency)
    amount, rest = divmod(total.amount, quantity)
    return Money(round_half_up(Fraction(total.amount, quantity)) if rest else amount, total.currency)


def _taxed(lines: list[PricedLine], taxes: list[Money | None], code: str) -> tuple[TaxedLine, ...]:
    """The totals contain the tax: what the file says, and where it only says the rate, what the shop itself would say."""
    rates = {line.tax_category: Rate.parse(line.tax_category) for line in lines}
    open_ = [line for line, tax in zip(lines, taxes, strict=True) if tax is None]
    reckoned = iter(price(open_, None, TaxTable(national=rates), currency=code, inclusive=True).lines)
    return tuple(
        [next(reckoned) if tax is None else _as_told(line, tax) for line, tax in zip(lines, taxes, strict=True)]
    )


def _as_told(line: PricedLine, tax: Money) -> TaxedLine:
    total = Money(_total(line), tax.currency)
    return TaxedLine(
        sku=line.sku,
        quantity=line.quantity,
        unit_price=line.unit_price,
        total=total,
        net=total - tax,
        tax=tax,
        gross=total,
        rate=line.tax_category,
        inclusive=True,
        tax_category=line.tax_category,
    )
