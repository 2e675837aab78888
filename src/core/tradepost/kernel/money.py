"""Money: integer minor units and an ISO 4217 currency. Never a float; rounded where it is said to be, and only there."""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NewType

import msgspec

from tradepost.kernel.errors import Invalid

Currency = NewType("Currency", str)
"""An ISO 4217 alphabetic code, such as `EUR`."""

# ISO 4217 list one (active codes of money that can be charged; not metals, test codes and bond units).
_EXPONENTS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
    **dict.fromkeys(
        (
            "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE "
            "CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD "
            "HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK "
            "MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD "
            "RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH "
            "USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG"
        ).split(),
        2,
    ),
}
_MAX = 2**63 - 1  # what both databases hold in a BIGINT
# Narrower than what Decimal takes: no exponents (`1e999999999` would fill the memory), underscores or other scripts' digits.
_DECIMAL = re.compile(r"([+-]?)([0-9]{1,19})(?:\.([0-9]{1,40}))?", re.ASCII)


def is_currency(code: str) -> bool:
    """Whether `code` is an active ISO 4217 code."""
    return code in _EXPONENTS


def currency(code: str) -> Currency:
    """Check that `code` is an active ISO 4217 code. Raises `currency.unknown`."""
    if not is_currency(code):
        raise Invalid("currency.unknown", f"{code!r} is not an active ISO 4217 currency code, such as EUR or USD.")
    return Currency(code)


def exponent(code: str) -> int:
    """How many decimals the currency has: 2 for EUR, 0 for JPY, 3 for KWD."""
    return _EXPONENTS[currency(code)]


# gc=False, here and on other values: what holds only atoms and such values is in no cycle, so the garbage collector need
# not look at the dozens that every order is made of.
class Money(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """An amount in minor units (cents for EUR, yen for JPY) of a currency.

    Adding and comparing different currencies raises `money.currency_mismatch`. Multiplies by whole numbers only: what
    needs a fraction goes through `round_half_up` or `allocate`, so that rounding is always visible.
    """

    amount: int
    currency: str

    @classmethod
    def zero(cls, code: str) -> "Money":
        return cls(0, code)

    @classmethod
    def parse(cls, text: str, code: str) -> "Money":
        """Exact money from a decimal such as `"12.34"`. Raises `money.invalid` for more decimals than the currency has.

        Zeros beyond the currency's decimals are let through (`"12.3400"`), as spreadsheets and other systems write them.
        """
        places = exponent(code)
        match = _DECIMAL.fullmatch(text)
        if match is not None:
            sign, whole, decimals = match.group(1), match.group(2), match.group(3) or ""
            amount = int(whole + decimals[:places].ljust(places, "0"))
            if not decimals[places:].strip("0") and amount <= _MAX:
                return cls(-amount if sign == "-" else amount, code)
        raise Invalid("money.invalid", f"{text[:60]!r} is not an amount of {code}, which has {places} decimals.")

    def decimal(self) -> Decimal:
        """The amount in major units, exactly: Money(1234, "EUR") is Decimal("12.34")."""
        digits = tuple(
            map(int, str(abs(self.amount)))
        )  # built from digits: arithmetic would round to the context's precision
        return Decimal((int(self.amount < 0), digits, -exponent(self.currency)))

    def __str__(self) -> str:
        return f"{self.decimal():.{exponent(self.currency)}f} {self.currency}"

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise Invalid("money.currency_mismatch", f"{self.currency} and {other.currency} can not be mixed.")

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def __mul__(self, times: int) -> "Money":
        if not isinstance(times, int):
            return NotImplemented
        return Money(self.amount * times, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __bool__(self) -> bool:
        return self.amount != 0

    def __lt__(self, other: "Money") -> bool:
        self._same(other)
        return self.amount < other.amount

    def __le__(self, other: "Money") -> bool:
        self._same(other)
        return self.amount <= other.amount

    def __gt__(self, other: "Money") -> bool:
        return other < self

    def __ge__(self, other: "Money") -> bool:
        return other <= self


def total(moneys: Iterable[Money], code: str) -> Money:
    """The sum, which is zero of `code` for none."""
    return sum(moneys, Money(0, code))


def round_half_up(value: Fraction) -> int:
    """To the nearest whole number; halves away from zero, as invoices do."""
    doubled = 2 * abs(value.numerator) + value.denominator
    rounded = doubled // (2 * value.denominator)
    return rounded if value >= 0 else -rounded


def allocate(amount: int, weights: Sequence[int | Fraction]) -> tuple[int, ...]:
    """Split whole minor units in proportion to `weights`, by largest remainder: the parts always add up to `amount`.

    Every part is its exact share rounded down or up (toward or away from zero for negative amounts); ties go to the
    earlier part. Weights are not negative; if all are zero the amount is split evenly. Raises ValueError for no weights.
    """
    if not weights or any(weight < 0 for weight in weights):
        raise ValueError("allocate needs at least one weight, and none below zero.")
    if amount < 0:
        return tuple(-part for part in allocate(-amount, weights))
    whole = sum(weights)
    if whole == 0:
        weights, whole = [1] * len(weights), len(weights)
    if all(isinstance(weight, int) for weight in weights) and isinstance(whole, int):
        shares = [divmod(amount * int(weight), whole) for weight in weights]
        parts = [share for share, _ in shares]
        remainders: list[int | Fraction] = [remainder for _, remainder in shares]
    else:
        exact = [Fraction(amount) * weight / whole for weight in weights]
        parts = [share.numerator // share.denominator for share in exact]
        remainders = [share - part for share, part in zip(exact, parts, strict=True)]
    for place in sorted(range(len(parts)), key=lambda i: (-remainders[i], i))[: amount - sum(parts)]:
        parts[place] += 1
    return tuple(parts)
