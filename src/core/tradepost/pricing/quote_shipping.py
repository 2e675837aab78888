"""Say which shipping methods deliver something, and what each would cost."""

from collections.abc import Sequence

import msgspec

from tradepost.kernel.countries import country as known_country
from tradepost.kernel.declared import anybody
from tradepost.pricing.ports import PricingViews
from tradepost.pricing.shipping import Delivery, ShippingUnavailable, Terms, quote
from tradepost.pricing.totals import PricedLine
from tradepost.pricing.views import ShippingQuote


class QuoteShippingCommand(msgspec.Struct, frozen=True, kw_only=True):
    """The destination's ISO 3166-1 alpha-2 country, and the priced lines that go there."""

    country: str
    currency: str
    lines: tuple[PricedLine, ...]


class QuoteShipping:
    """The methods that deliver, cheapest first; none is an answer as well."""

    access = anybody()

    def __init__(self, views: PricingViews) -> None:
        self._views = views

    async def __call__(self, command: QuoteShippingCommand) -> tuple[ShippingQuote, ...]:
        """Raises `country.unknown`, and for the lines what `price` raises."""
        delivery = Delivery.of(command.lines, country=known_country(command.country), currency=command.currency)
        return quotes(await self._views.offered(), delivery)


def quotes(methods: Sequence[Terms], delivery: Delivery) -> tuple[ShippingQuote, ...]:
    """What each of the methods that deliver would cost, cheapest first."""
    possible = []
    for method in methods:
        try:
            cost = quote(method, delivery)
        except ShippingUnavailable:
            continue
        possible.append(ShippingQuote(code=method.code, name=method.name, price=cost))
    return tuple(sorted(possible, key=lambda each: (each.price.amount, each.code)))
