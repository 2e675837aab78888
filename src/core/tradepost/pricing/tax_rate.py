"""A tax rate: what a tax category is taxed at in a country, or in one region of it."""

import re
from datetime import datetime
from typing import NewType

from tradepost.kernel.countries import country as known_country
from tradepost.kernel.errors import Fault, Invalid, PreconditionFailed, TradepostError
from tradepost.kernel.events import Aggregate
from tradepost.pricing.events import TaxRateChanged, TaxRateDeleted
from tradepost.pricing.taxes import ZERO, Rate, place_key

TaxRateId = NewType("TaxRateId", str)

_REGION = re.compile(r"[A-Z0-9]{1,3}")
_CATEGORY = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


class TaxRate(Aggregate, kw_only=True):
    """The rate of (`country`, `region`, `category`); there is one of each. `region` None is the whole country.

    Whether prices include tax is not said here: that is how a shop shows its prices, the same for every rate.
    """

    country: str
    category: str
    rate: Rate
    region: str | None = None

    @classmethod
    def new(
        cls,
        *,
        id: str,  # noqa: A002 - `id` is what it is
        country: str,
        region: str | None,
        category: str,
        rate: str,
        at: datetime,
    ) -> "TaxRate":
        """A rate for a place and category. Raises `tax_rate.invalid` with every fault."""
        place, part = place_key(country, region)
        faults = []
        try:
            known_country(place)
        except TradepostError as error:
            faults.append(Fault("/country", error.detail))
        if part and not _REGION.fullmatch(part):
            faults.append(
                Fault("/region", "write the part of the ISO 3166-2 code after the country: CA for California, US-CA")
            )
        if not _CATEGORY.fullmatch(category):
            faults.append(Fault("/category", "use lower-case letters, digits, - and _, at most 40"))
        exact = ZERO
        try:
            exact = Rate.parse(rate)
        except TradepostError as error:
            faults.append(Fault("/rate", error.detail))
        if faults:
            raise Invalid("tax_rate.invalid", "This tax rate can not be set: see errors.", *faults)
        new = cls(id=id, country=place, region=part or None, category=category, rate=exact)
        new._changed(at)
        return new

    def set(self, rate: Rate, *, at: datetime) -> bool:
        """Change the percent; whether that changed anything."""
        if rate == self.rate:
            return False
        self.rate = rate
        self._changed(at)
        return True

    def delete(self, *, expected: int | None, at: datetime) -> None:
        """Note that it goes. Raises `precondition.failed` unless it is at the version the caller had read, if any."""
        if expected is not None and expected != self.version:
            raise PreconditionFailed(self.id, expected=expected, actual=self.version)
        self.record(
            TaxRateDeleted(
                occurred_at=at,
                tax_rate_id=self.id,
                country=self.country,
                region=self.region,
                category=self.category,
            )
        )

    def _changed(self, at: datetime) -> None:
        self.record(
            TaxRateChanged(
                occurred_at=at,
                tax_rate_id=self.id,
                country=self.country,
                region=self.region,
                category=self.category,
                rate=self.rate.percent,
            )
        )
