"""List the tax rates the shop has set."""

import msgspec

from tradepost.kernel.declared import anybody
from tradepost.kernel.pages import Page, PageRequest
from tradepost.pricing.ports import PricingViews
from tradepost.pricing.taxes import place_key
from tradepost.pricing.views import TaxRateView


class ListTaxRatesCommand(msgspec.Struct, frozen=True, kw_only=True):
    """Of one country, or of all. Rates are no secret: whoever buys sees them."""

    page: PageRequest = PageRequest()
    country: str | None = None


class ListTaxRates:
    """Sorted by country or by category."""

    access = anybody()

    def __init__(self, views: PricingViews) -> None:
        self._views = views

    async def __call__(self, command: ListTaxRatesCommand) -> Page[TaxRateView]:
        """Raises `page.invalid`."""
        country = None if command.country is None else place_key(command.country, None)[0]
        return await self._views.tax_rates(command.page, country=country)
