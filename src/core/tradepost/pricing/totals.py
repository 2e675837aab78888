"""What an order comes to: exact tax, rounded once per rate, spread over the lines so that they always add up.

Tax is computed on the sum of everything taxed at one rate, rounded half up to the currency's minor unit once, and then
given to that group's lines by largest remainder. So the tax of the order is right to half a unit per rate, the tax of
each line is its exact tax rounded down or up, and lines add up to totals without a correction line. Shipping is a line
like the others, in the tax category `shipping`.
"""

from collections.abc import Sequence

import msgspec

from tradepost.kernel.errors import Invalid
from tradepost.kernel.money import Money
from tradepost.kernel.money import currency as known_currency
from tradepost.pricing.taxes import STANDARD, WHOLE, Rate, TaxTable

MAX_QUANTITY = 1_000_000
MAX_AMOUNT = 2**63 - 1
"""The largest amount, in minor units, that both databases hold."""


class PricedLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line to be priced: `quantity` units (1 to `MAX_QUANTITY`) at `unit_price`.

    `total` is the exact line total, where it is no multiple of the unit price; it leads. Only such a line may have the
    quantity 0, as imported history does. `weight_g` is the weight of one unit in grams.
    """

    sku: str
    quantity: int
    unit_price: Money
    tax_category: str = STANDARD
    total: Money | None = None
    weight_g: int = 0


class TaxedLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line as it is charged, a snapshot that orders keep.

    `total` is what the price tag says for the line: with tax when `inclusive`, without when not. `net + tax == gross`
    always, and `total` is `gross` when inclusive and `net` when not. `rate` is a decimal percent such as "19" or "7.7".
    """

    sku: str
    quantity: int
    unit_price: Money
    total: Money
    net: Money
    tax: Money
    gross: Money
    rate: str
    inclusive: bool
    tax_category: str


class TaxTotal(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Everything of one rate, as an invoice lists it: `tax` on (or in addition to) `net`, at `rate` percent."""

    rate: str
    net: Money
    tax: Money


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What an order comes to.

    `subtotal` and `shipping_total` are the line totals as charged: with tax when `inclusive`, without when not. `total`
    is what the buyer pays: `subtotal + shipping_total` when inclusive, and `tax` on top of them when not. `taxes` has
    one entry per rate, lowest first; together they are `tax`.
    """

    lines: tuple[TaxedLine, ...]
    shipping: TaxedLine | None
    inclusive: bool
    subtotal: Money
    shipping_total: Money
    tax: Money
    total: Money
    taxes: tuple[TaxTotal, ...]


def price(
    lines: Sequence[PricedLine],
    shipping: PricedLine | None,
    rates: TaxTable,
    *,
    currency: str,
    inclusive: bool,
) -> Totals:
    """The totals of an order in `currency`, its prices with tax (`inclusive`) or without, its goods taxed by `rates`.

    Raises `money.currency_mismatch` for a line in another currency, `pricing.quantity_invalid`,
    `pricing.amount_negative`, and `money.too_large` for what a database could not hold.
    """
    known_currency(currency)
    every = lines if shipping is None else (*lines, shipping)
    amounts = [charged(line, currency) for line in every]
    rated = [rates.rate_for(line.tax_category) for line in every]
    places_of: dict[Rate, list[int]] = {}
    for place, rate in enumerate(rated):
        places_of.setdefault(rate, []).append(place)

    taxes = [0] * len(amounts)
    per_rate = []
    for rate in sorted(places_of, key=lambda each: each.millionths):
        places = places_of[rate]
        base = sum([amounts[place] for place in places])
        tax = _spread_tax(amounts, places, base, rate, inclusive, into=taxes)
        per_rate.append(
            TaxTotal(
                rate=rate.percent, net=Money(base - tax if inclusive else base, currency), tax=Money(tax, currency)
            )
        )

    tax, whole = sum(taxes), sum(amounts)
    total = whole if inclusive else whole + tax
    if total > MAX_AMOUNT:
        raise _too_large(currency)
    taxed = tuple(
        [
            _taxed(line, amount, tax, rate, inclusive)
            for line, amount, tax, rate in zip(every, amounts, taxes, rated, strict=True)
        ]
    )
    shipped = 0 if shipping is None else amounts[-1]
    return Totals(
        lines=taxed if shipping is None else taxed[:-1],
        shipping=None if shipping is None else taxed[-1],
        inclusive=inclusive,
        subtotal=Money(whole - shipped, currency),
        shipping_total=Money(shipped, currency),
        tax=Money(tax, currency),
        total=Money(total, currency),
        taxes=tuple(per_rate),
    )


def charged(line: PricedLine, currency: str) -> int:
    """The line's total in minor units as its price tag says it. Raises as `price` does."""
    unit, exact, quantity = line.unit_price, line.total, line.quantity
    if unit.currency != currency or (exact is not None and exact.currency != currency):
        raise Invalid(
            "money.currency_mismatch",
            f"{line.sku} is priced in {unit.currency if exact is None else exact.currency}, the order is in {currency}; "
            "an order has one currency.",
            data={"sku": line.sku, "currency": currency},
        )
    if not (1 if exact is None else 0) <= quantity <= MAX_QUANTITY:
        raise Invalid(
            "pricing.quantity_invalid",
            f"The quantity of {line.sku} is {quantity}; it must be between 1 and {MAX_QUANTITY:,}.",
            data={"sku": line.sku, "quantity": quantity},
        )
    amount = unit.amount * quantity if exact is None else exact.amount
    if amount < 0 or unit.amount < 0:
        raise Invalid("pricing.amount_negative", f"The price of {line.sku} is below zero.", data={"sku": line.sku})
    if amount > MAX_AMOUNT or unit.amount > MAX_AMOUNT:
        raise _too_large(currency)
    return amount


def _spread_tax(
    amounts: list[int], places: list[int], base: int, rate: Rate, inclusive: bool, *, into: list[int]
) -> int:
    """The rounded tax of the group, whose amounts sum up to `base`; the lines' parts of it go `into` their places.

    A line's exact tax is amount × per / whole. Each gets that rounded down; the units still missing, at most one a
    line, go to the largest remainders, and among equal ones to the earlier line.
    """
    per = rate.millionths
    if not per:
        return 0
    whole = WHOLE + per if inclusive else WHOLE
    tax = (2 * base * per + whole) // (2 * whole)  # half up; nothing here is negative
    if len(places) == 1:
        into[places[0]] = tax
        return tax
    missing, remainders = tax, []
    for place in places:
        into[place], remainder = divmod(amounts[place] * per, whole)
        missing -= into[place]
        remainders.append((-remainder, place))
    if missing:
        remainders.sort()
        for _, place in remainders[:missing]:
            into[place] += 1
    return tax


def _taxed(line: PricedLine, amount: int, tax: int, rate: Rate, inclusive: bool) -> TaxedLine:
    code = line.unit_price.currency
    total = Money(amount, code)
    return TaxedLine(
        sku=line.sku,
        quantity=line.quantity,
        unit_price=line.unit_price,
        total=total,
        net=Money(amount - tax, code) if inclusive else total,
        tax=Money(tax, code),
        gross=total if inclusive else Money(amount + tax, code),
        rate=rate.percent,
        inclusive=inclusive,
        tax_category=line.tax_category,
    )


def _too_large(currency: str) -> Invalid:
    return Invalid("money.too_large", f"An amount of {currency} this large can not be stored; split the order.")
