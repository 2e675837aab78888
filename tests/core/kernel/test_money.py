"""Money: exact, and rounded only where it is said to be."""

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.kernel.errors import Invalid
from tradepost.kernel.money import Money, allocate, currency, exponent, round_half_up, total

CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD", "BHD", "USD", "CLF"])
AMOUNTS = st.integers(-(2**63) + 1, 2**63 - 1)
WEIGHTS = st.lists(
    st.one_of(st.integers(0, 10**12), st.fractions(0, 10**6, max_denominator=10**6)), min_size=1, max_size=12
)


@given(AMOUNTS, CURRENCIES)
def test_what_is_formatted_is_parsed_back_to_the_same_money(amount: int, code: str) -> None:
    money = Money(amount, code)
    text, shown = str(money).split(" ")
    assert shown == code
    assert Money.parse(text, code) == money
    assert Money.parse(format(money.decimal(), "f"), code) == money


@pytest.mark.parametrize(
    ("text", "code", "amount"),
    [
        ("12.34", "EUR", 1234),
        ("-0.01", "EUR", -1),
        ("-0.00", "EUR", 0),
        ("+5", "EUR", 500),
        ("12.3400", "EUR", 1234),
        ("1234", "JPY", 1234),
        ("1234.00", "JPY", 1234),
        ("1.234", "KWD", 1234),
        ("0.5", "BHD", 500),
        ("1.2345", "CLF", 12345),
        ("92233720368547758.07", "EUR", 2**63 - 1),
    ],
)
def test_a_decimal_is_read_in_the_currencys_own_minor_units(text: str, code: str, amount: int) -> None:
    assert Money.parse(text, code) == Money(amount, code)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("12.345", "EUR"),
        ("0.5", "JPY"),
        ("1.2345", "KWD"),
        ("1.000000000000000000000000000001", "EUR"),
        ("92233720368547758.08", "EUR"),
        ("1e2", "EUR"),
        ("1e999999999", "EUR"),
        ("1_000", "EUR"),
        ("1,000.00", "EUR"),
        (" 1", "EUR"),
        ("1\n", "EUR"),
        ("١", "EUR"),
        (".5", "EUR"),
        ("5.", "EUR"),
        ("", "EUR"),
        ("-", "EUR"),
        ("NaN", "EUR"),
        ("sNaN", "EUR"),
        ("Infinity", "EUR"),
        ("9" * 10_000, "EUR"),
    ],
)
def test_what_is_no_exact_amount_is_refused(text: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        Money.parse(text, code)
    assert refused.value.code == "money.invalid"
    assert len(refused.value.detail) < 200


def test_decimals_are_exact_whatever_precision_the_program_has_set() -> None:
    with localcontext() as context:
        context.prec = 3
        assert Money(123456789, "EUR").decimal() == Decimal("1234567.89")
        assert str(Money(-123456789, "KWD")) == "-123456.789 KWD"


@pytest.mark.parametrize(("code", "places"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("BHD", 3), ("UYW", 4)])
def test_a_currency_knows_its_decimals(code: str, places: int) -> None:
    assert exponent(code) == places


@pytest.mark.parametrize("code", ["eur", "EURO", "", "XXX", "DEM", "€"])
def test_codes_that_are_no_active_currency_are_refused(code: str) -> None:
    with pytest.raises(Invalid) as refused:
        currency(code)
    assert refused.value.code == "currency.unknown"


def test_currencies_never_mix() -> None:
    euro, yen = Money(1, "EUR"), Money(1, "JPY")
    for mix in (
        lambda: euro + yen,
        lambda: euro - yen,
        lambda: euro < yen,
        lambda: euro <= yen,
        lambda: euro > yen,
        lambda: euro >= yen,
        lambda: total([euro, yen], "EUR"),
    ):
        with pytest.raises(Invalid) as refused:
            mix()
        assert refused.value.code == "money.currency_mismatch"
    assert euro != yen


def test_money_adds_up_compares_and_multiplies_by_whole_numbers() -> None:
    price = Money(250, "EUR")
    assert price + price - Money(1, "EUR") == Money(499, "EUR")
    assert price * 3 == Money(750, "EUR")
    assert -price == Money(-250, "EUR")
    assert Money(1, "EUR") < Money(2, "EUR") <= Money(2, "EUR")
    assert Money(2, "EUR") > Money(1, "EUR") >= Money(1, "EUR")
    assert not Money.zero("EUR")
    assert price
    assert total([], "JPY") == Money.zero("JPY")
    assert total([price, price], "EUR") == Money(500, "EUR")


def test_money_times_a_float_is_a_bug_and_says_so() -> None:
    with pytest.raises(TypeError):
        Money(100, "EUR") * 1.19  # type: ignore[operator]


@given(st.integers(-(10**15), 10**15), WEIGHTS)
def test_allocated_parts_add_up_and_each_is_within_one_unit_of_its_exact_share(
    amount: int, weights: list[int | Fraction]
) -> None:
    parts = allocate(amount, weights)
    assert sum(parts) == amount
    whole = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        exact = Fraction(amount) * weight / whole if whole else Fraction(amount, len(weights))
        assert abs(part - exact) < 1
        assert part * amount >= 0


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_whole_weights_and_the_same_fractions_are_allocated_alike(amount: int, weights: list[int]) -> None:
    assert allocate(amount, weights) == allocate(amount, [Fraction(weight) for weight in weights])


@given(st.integers(1, 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any))
def test_a_weight_of_zero_gets_nothing(amount: int, weights: list[int]) -> None:
    assert all(part == 0 for part, weight in zip(allocate(amount, weights), weights, strict=True) if weight == 0)


def test_ties_go_to_the_earlier_part() -> None:
    assert allocate(100, [1, 1, 1]) == (34, 33, 33)
    assert allocate(-100, [1, 1, 1]) == (-34, -33, -33)
    assert allocate(5, [0, 0]) == (3, 2)


@pytest.mark.parametrize("weights", [[], [1, -1]])
def test_allocating_over_no_weights_or_negative_ones_is_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weight"):
        allocate(1, weights)


@given(st.fractions())
def test_rounding_goes_to_the_nearest_and_halves_away_from_zero(value: Fraction) -> None:
    rounded = round_half_up(value)
    assert abs(rounded - value) <= Fraction(1, 2)
    if abs(rounded - value) == Fraction(1, 2):
        assert abs(rounded) > abs(value)
    assert round_half_up(-value) == -rounded
