"""What pricing needs from outside."""

from typing import Protocol

from tradepost.kernel.pages import Page, PageRequest
from tradepost.pricing.shipping_method import ShippingMethod
from tradepost.pricing.tax_rate import TaxRate
from tradepost.pricing.taxes import TaxTable
from tradepost.pricing.views import ShippingMethodView, TaxRateView


class TaxTables(Protocol):
    """The rates, as pricing an order reads them."""

    async def rates_for(self, country: str, region: str | None, /) -> TaxTable:
        """The rates of a destination, in one read. Empty, hence zero, where the shop has set none."""
        ...


class TaxRates(Protocol):
    """The rates one by one, inside a transaction: there is one for each (country, region, category)."""

    async def get(self, id: str, /) -> TaxRate:  # noqa: A002
        """Raises `NotFound`."""
        ...

    async def find(self, country: str, region: str | None, category: str, /) -> TaxRate | None: ...

    async def add(self, rate: TaxRate, /) -> None:
        """Raises `StaleVersion` when someone else added that rate at the same moment."""
        ...

    async def save(self, rate: TaxRate, /) -> None: ...

    async def remove(self, rate: TaxRate, /) -> None:
        """Delete it. Raises `StaleVersion` when it has changed since it was read."""
        ...


class OfferedShipping(Protocol):
    """The shipping methods, as placing an order reads them."""

    async def get(self, code: str, /) -> ShippingMethod:
        """By its code, in one read. Raises `NotFound`."""
        ...


class ShippingMethods(OfferedShipping, Protocol):
    """The shipping methods, inside a transaction. Orders and people name them by code."""

    async def add(self, method: ShippingMethod, /) -> None:
        """Raises `CodeTaken`."""
        ...

    async def save(self, method: ShippingMethod, /) -> None: ...


class HasTaxTables(Protocol):
    @property
    def tax_rates(self) -> TaxTables: ...


class HasTaxRates(Protocol):
    @property
    def tax_rates(self) -> TaxRates: ...


class HasShippingMethods(Protocol):
    @property
    def shipping_methods(self) -> ShippingMethods: ...


class PricingViews(Protocol):
    """Reading, outside any transaction."""

    async def tax_rates(self, page: PageRequest, /, *, country: str | None = None) -> Page[TaxRateView]:
        """Sorted by `country` or `category`; of one country if asked."""
        ...

    async def shipping_methods(self, page: PageRequest, /, *, active: bool | None = None) -> Page[ShippingMethodView]:
        """Sorted by `code` or `name`; only those that are, or are not, active if asked."""
        ...

    async def shipping_method(self, code: str, /) -> ShippingMethodView:
        """Raises `NotFound`."""
        ...

    async def offered(self) -> tuple[ShippingMethodView, ...]:
        """All active shipping methods, by code."""
        ...
