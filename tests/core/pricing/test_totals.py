"""What an order comes to: tax rounded once per rate, spread so that lines add up."""

from collections import defaultdict
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.kernel.errors import Invalid
from tradepost.kernel.money import Money, round_half_up
from tradepost.pricing.taxes import SHIPPING, Rate, TaxTable
from tradepost.pricing.totals import MAX_AMOUNT, MAX_QUANTITY, PricedLine, price

CATEGORIES = ("standard", "food", "books", "shipping")


def table(**rates: str) -> TaxTable:
    return TaxTable(national={category: Rate.parse(rate) for category, rate in rates.items()})


def line(
    amount: int, quantity: int = 1, category: str = "standard", currency: str = "EUR", **more: object
) -> PricedLine:
    return PricedLine(
        sku=f"sku-{category}",
        quantity=quantity,
        unit_price=Money(amount, currency),
        tax_category=category,
        **more,  # type: ignore[arg-type]
    )


def shipping(amount: int, currency: str = "EUR") -> PricedLine:
    return line(amount, category=SHIPPING, currency=currency)


percents = st.integers(0, 100_000_000).map(lambda millionths: f"{millionths // 10**6}.{millionths % 10**6:06d}")
usual = st.sampled_from(("0", "5", "5.5", "7", "7.7", "8.875", "10", "19", "20", "25", "33.333333", "100"))
tables = st.dictionaries(st.sampled_from(CATEGORIES), usual | percents).map(lambda rates: table(**rates))
priced = st.builds(
    PricedLine,
    sku=st.sampled_from("ABC"),
    quantity=st.integers(1, 50),
    unit_price=st.integers(0, 100_000).map(lambda amount: Money(amount, "EUR")),
    tax_category=st.sampled_from(CATEGORIES[:3]),
    total=st.none() | st.integers(0, 1_000_000).map(lambda amount: Money(amount, "EUR")),
)
orders = st.lists(priced, max_size=7)  # enough for several lines of each rate
shippings = st.none() | st.integers(0, 5_000).map(shipping)


@given(orders, shippings, tables, st.booleans())
def test_lines_always_add_up_to_the_totals(
    lines: list[PricedLine], ship: PricedLine | None, rates: TaxTable, inclusive: bool
) -> None:
    totals = price(lines, ship, rates, currency="EUR", inclusive=inclusive)
    taxed = totals.lines if totals.shipping is None else (*totals.lines, totals.shipping)
    assert totals.subtotal.amount == sum(each.total.amount for each in totals.lines)
    assert totals.shipping_total.amount == (totals.shipping.total.amount if totals.shipping else 0)
    assert totals.tax.amount == sum(each.tax.amount for each in taxed)
    assert totals.total.amount == sum(each.gross.amount for each in taxed)
    on_top = 0 if inclusive else totals.tax.amount
    assert totals.total.amount == totals.subtotal.amount + totals.shipping_total.amount + on_top
    for each in taxed:
        assert each.net + each.tax == each.gross
        assert each.total == (each.gross if inclusive else each.net)
        assert min(each.net.amount, each.tax.amount) >= 0


@given(orders, shippings, tables, st.booleans())
def test_each_rate_is_rounded_once_and_lists_what_its_lines_carry(
    lines: list[PricedLine], ship: PricedLine | None, rates: TaxTable, inclusive: bool
) -> None:
    totals = price(lines, ship, rates, currency="EUR", inclusive=inclusive)
    amounts: dict[str, int] = defaultdict(int)
    taxes: dict[str, int] = defaultdict(int)
    for each in totals.lines if totals.shipping is None else (*totals.lines, totals.shipping):
        amounts[each.rate] += each.total.amount
        taxes[each.rate] += each.tax.amount
    assert sorted(amounts, key=Fraction) == [entry.rate for entry in totals.taxes]
    for entry in totals.taxes:
        part = Fraction(entry.rate) / (100 + Fraction(entry.rate) if inclusive else 100)
        assert entry.tax.amount == taxes[entry.rate] == round_half_up(amounts[entry.rate] * part)
        assert entry.net.amount == amounts[entry.rate] - (entry.tax.amount if inclusive else 0)


@given(orders, shippings, tables, st.booleans())
def test_the_tax_of_a_line_is_its_exact_tax_rounded_down_or_up(
    lines: list[PricedLine], ship: PricedLine | None, rates: TaxTable, inclusive: bool
) -> None:
    totals = price(lines, ship, rates, currency="EUR", inclusive=inclusive)
    for each in totals.lines if totals.shipping is None else (*totals.lines, totals.shipping):
        rate = Fraction(each.rate)
        exact = each.total.amount * rate / (100 + rate if inclusive else 100)
        assert abs(each.tax.amount - exact) < 1


@given(orders, shippings, tables, tables)
def test_with_prices_that_include_tax_the_buyer_pays_the_same_at_any_rate(
    lines: list[PricedLine], ship: PricedLine | None, here: TaxTable, there: TaxTable
) -> None:
    one = price(lines, ship, here, currency="EUR", inclusive=True)
    other = price(lines, ship, there, currency="EUR", inclusive=True)
    assert one.total == other.total
    assert [each.gross for each in one.lines] == [each.gross for each in other.lines]


@given(
    orders.flatmap(lambda lines: st.tuples(st.just(lines), st.permutations(lines))), shippings, tables, st.booleans()
)
def test_the_order_of_the_lines_does_not_change_the_totals(
    both: tuple[list[PricedLine], list[PricedLine]], ship: PricedLine | None, rates: TaxTable, inclusive: bool
) -> None:
    one, other = (price(lines, ship, rates, currency="EUR", inclusive=inclusive) for lines in both)
    assert (one.subtotal, one.tax, one.total, one.taxes) == (other.subtotal, other.tax, other.total, other.taxes)


def test_tax_is_rounded_on_the_sum_and_not_line_by_line() -> None:
    # 0.99 at 19 % is 0.1881: three lines alone would carry 0.57, together it is 0.5643
    totals = price([line(99), line(99), line(99)], None, table(standard="19"), currency="EUR", inclusive=False)
    assert totals.tax == Money(56, "EUR")
    assert [each.tax.amount for each in totals.lines] == [19, 19, 18]


def test_half_a_minor_unit_of_tax_is_rounded_up_with_either_kind_of_price() -> None:
    before = price([line(50)], None, table(standard="5"), currency="EUR", inclusive=False)  # 2.5 cents
    within = price([line(3)], None, table(standard="20"), currency="EUR", inclusive=True)  # 0.5 cents
    assert (before.tax.amount, before.total.amount) == (3, 53)
    assert (within.tax.amount, within.total.amount) == (1, 3)


def test_categories_with_the_same_percent_are_rounded_together() -> None:
    lines = [line(10, category="food"), line(10, category="books")]
    totals = price(lines, None, table(food="5", books="5.00"), currency="EUR", inclusive=False)
    assert [(entry.rate, entry.tax.amount) for entry in totals.taxes] == [("5", 1)]
    assert [each.tax.amount for each in totals.lines] == [1, 0]


def test_shipping_is_taxed_at_its_own_rate_and_as_standard_without_one() -> None:
    goods = [line(1000, category="food")]
    own = price(goods, shipping(500), table(standard="19", food="7", shipping="10"), currency="EUR", inclusive=False)
    assert own.shipping is not None
    assert (own.shipping.rate, own.shipping.tax.amount) == ("10", 50)
    without = price(goods, shipping(500), table(standard="19", food="7"), currency="EUR", inclusive=False)
    assert without.shipping is not None
    assert (without.shipping.rate, without.shipping.tax.amount) == ("19", 95)


def test_an_exact_line_total_leads_where_it_is_no_multiple_of_the_unit_price() -> None:
    totals = price(
        [line(333, 3, total=Money(1000, "EUR"))], None, table(standard="10"), currency="EUR", inclusive=False
    )
    assert totals.subtotal == Money(1000, "EUR")
    assert totals.lines[0].unit_price == Money(333, "EUR")


@pytest.mark.parametrize(
    ("currency", "amount", "tax"), [("JPY", 105, 11), ("KWD", 1_005, 101), ("EUR", 105, 11), ("CLF", 10_005, 1_001)]
)
def test_tax_is_rounded_to_the_minor_unit_of_the_currency(currency: str, amount: int, tax: int) -> None:
    totals = price([line(amount, currency=currency)], None, table(standard="10"), currency=currency, inclusive=False)
    assert totals.tax == Money(tax, currency)


def test_nothing_bought_costs_nothing() -> None:
    totals = price([], None, table(standard="19"), currency="JPY", inclusive=True)
    assert (totals.total, totals.tax, totals.taxes) == (Money(0, "JPY"), Money(0, "JPY"), ())


def test_without_a_rate_there_is_no_tax() -> None:
    totals = price([line(1000)], None, TaxTable(), currency="EUR", inclusive=False)
    assert (totals.tax.amount, totals.lines[0].rate) == (0, "0")


def test_the_most_specific_rate_wins() -> None:
    rates = TaxTable(
        regional={"food": Rate.parse("1"), "standard": Rate.parse("2")},
        national={"food": Rate.parse("3"), "books": Rate.parse("4"), "standard": Rate.parse("5")},
    )
    assert [rates.rate_for(category).percent for category in ("food", "books", "toys")] == ["1", "4", "2"]
    assert TaxTable(national=rates.national).rate_for("toys").percent == "5"


@pytest.mark.parametrize("bad", [line(100, currency="USD"), line(100, total=Money(100, "USD"))])
def test_an_order_has_one_currency(bad: PricedLine) -> None:
    with pytest.raises(Invalid) as caught:
        price([line(100), bad], None, TaxTable(), currency="EUR", inclusive=True)
    assert caught.value.code == "money.currency_mismatch"


@pytest.mark.parametrize("quantity", [0, -1, MAX_QUANTITY + 1, 10**40])
def test_a_quantity_is_between_one_and_the_limit(quantity: int) -> None:
    with pytest.raises(Invalid) as caught:
        price([line(100, quantity)], None, TaxTable(), currency="EUR", inclusive=True)
    assert caught.value.code == "pricing.quantity_invalid"


def test_only_a_line_with_an_exact_total_may_have_the_quantity_zero() -> None:
    totals = price([line(0, 0, total=Money(250, "EUR"))], None, TaxTable(), currency="EUR", inclusive=True)
    assert totals.total == Money(250, "EUR")


@pytest.mark.parametrize("bad", [line(-1), line(1, total=Money(-1, "EUR")), line(-1, total=Money(1, "EUR"))])
def test_a_price_is_never_below_zero(bad: PricedLine) -> None:
    with pytest.raises(Invalid) as caught:
        price([bad], None, TaxTable(), currency="EUR", inclusive=True)
    assert caught.value.code == "pricing.amount_negative"


@pytest.mark.parametrize(
    "lines",
    [
        [line(MAX_AMOUNT, 2)],
        [line(MAX_AMOUNT), line(1)],
        [line(MAX_AMOUNT + 1, total=Money(1, "EUR"))],
        [line(MAX_AMOUNT)],  # fits, and does not with its tax
    ],
)
def test_what_a_database_can_not_hold_is_refused(lines: list[PricedLine]) -> None:
    with pytest.raises(Invalid) as caught:
        price(lines, None, table(standard="1"), currency="EUR", inclusive=False)
    assert caught.value.code == "money.too_large"


def test_the_largest_amount_there_is_can_be_charged() -> None:
    totals = price([line(MAX_AMOUNT)], None, table(standard="19"), currency="EUR", inclusive=True)
    assert totals.total.amount == MAX_AMOUNT
    assert totals.lines[0].net + totals.lines[0].tax == totals.total


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(Invalid) as caught:
        price([], None, TaxTable(), currency="XXX", inclusive=True)
    assert caught.value.code == "currency.unknown"


@pytest.mark.parametrize(
    ("written", "percent"),
    [("19", "19"), ("7.70", "7.7"), ("0", "0"), ("0.000001", "0.000001"), ("100", "100"), ("007", "7")],
)
def test_a_rate_is_an_exact_percent(written: str, percent: str) -> None:
    rate = Rate.parse(written)
    assert rate.percent == percent
    assert Fraction(rate.percent) == Fraction(rate.millionths, 10**6)


@pytest.mark.parametrize(
    "written", ["", "-1", "100.000001", "1e2", "7,7", ".5", "5.", "1.1234567", "NaN", "１９", "19%", "1_0", "19\n"]
)
def test_anything_else_is_no_rate(written: str) -> None:
    with pytest.raises(Invalid) as caught:
        Rate.parse(written)
    assert caught.value.code == "tax_rate.invalid"
