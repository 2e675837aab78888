"""Tax rates as exact numbers, and the table of those that hold at one destination."""

import re
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from tradepost.kernel.errors import Invalid

STANDARD = "standard"
"""The tax category of whatever has no rate of its own."""
SHIPPING = "shipping"
"""The tax category of the shipping line. Without a rate of its own it is taxed as `standard`, like any other category."""

WHOLE = 100_000_000
"""100 percent, in millionths of a percent: the common denominator of all rates."""
_PERCENT = re.compile(r"(\d{1,3})(?:\.(\d{1,6}))?", re.ASCII)


class Rate(msgspec.Struct, frozen=True):
    """A tax rate, exactly: `percent` as people write it ("19", "7.7") and the same in `millionths` of a percent."""

    percent: str
    millionths: int

    @classmethod
    def parse(cls, percent: str) -> "Rate":
        """From a decimal percent of 0 to 100 with at most 6 decimals; "7.70" becomes "7.7". Raises `tax_rate.invalid`."""
        return _parse(percent)


@lru_cache(maxsize=1024)  # a shop has a few rates, and reads them with every order
def _parse(percent: str) -> Rate:
    match = _PERCENT.fullmatch(percent)
    millionths = int(match[1]) * 1_000_000 + int((match[2] or "").ljust(6, "0")) if match else WHOLE + 1
    if millionths > WHOLE:
        raise Invalid(
            "tax_rate.invalid",
            f'{percent!r} is not a tax rate: write a percent from 0 to 100 with at most 6 decimals, such as "19" or "7.7".',
        )
    whole, decimals = divmod(millionths, 1_000_000)
    return Rate(f"{whole}.{decimals:06d}".rstrip("0").rstrip("."), millionths)


ZERO = Rate("0", 0)


class TaxTable(msgspec.Struct, frozen=True):
    """The rates of one destination by tax category: those of its region, and those of the whole country."""

    regional: Mapping[str, Rate] = {}
    national: Mapping[str, Rate] = {}

    def rate_for(self, category: str) -> Rate:
        """The most specific rate: the category's in the region, then in the country; then `standard`, in the same order.

        Zero when the shop has set none of them: a shop taxes where it says so and nowhere else.
        """
        regional, national = self.regional, self.national
        return (
            regional.get(category) or national.get(category) or regional.get(STANDARD) or national.get(STANDARD) or ZERO
        )


UNTAXED = TaxTable()


def place_key(country: str, region: str | None) -> tuple[str, str]:
    """A destination as rates are filed under it: upper-case ISO 3166 codes, the region empty for the whole country."""
    return country.strip().upper(), (region or "").strip().upper()
