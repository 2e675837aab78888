"""The terms of a sale: everything that decides what a purchase costs, and what it comes to under them."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from tradepost.catalog.offer import Offer
from tradepost.kernel.errors import Fault, Invalid
from tradepost.pricing.shipping import Delivery, shipping_line
from tradepost.pricing.shipping import quote as shipping_quote
from tradepost.pricing.shipping_method import ShippingMethod
from tradepost.pricing.taxes import TaxTable
from tradepost.pricing.totals import PricedLine, Totals, price


class SalePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What the shop decides once about its prices: whether price tags include tax, and where the shop is at home: the
    destination that decides the tax of a sale without a shipping address (ISO 3166-1 alpha-2)."""

    prices_include_tax: bool = True
    home_country: str | None = None


class SaleTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides what a purchase costs, as asked for: in which currency, to which country, by which
    shipping method. `offers` are by SKU, published ones only; `shipping` is None when there is no such method."""

    currency: str
    country: str | None
    shipping_method: str | None
    offers: Mapping[str, Offer]
    taxes: TaxTable
    shipping: ShippingMethod | None

    def without_shipping(self) -> "SaleTerms":
        """The same for goods alone."""
        return msgspec.structs.replace(self, shipping_method=None, shipping=None)


class Terms(Protocol):
    """The terms of sale, inside a transaction: one look for all of them."""

    async def look_up(
        self,
        skus: Sequence[str],
        /,
        *,
        currency: str,
        country: str | None,
        region: str | None,
        shipping_method: str | None,
    ) -> SaleTerms: ...


class HasTerms(Protocol):
    @property
    def terms(self) -> Terms: ...


def quote(
    items: Mapping[str, int], terms: SaleTerms, *, inclusive: bool, places: Mapping[str, int] | None = None
) -> Totals:
    """What it comes to. Raises `order.not_for_sale` naming every SKU that can not be bought, or the shipping method.

    `places` are the lines, counted from 0, at which the SKUs were asked for, where lines of one SKU were added up.
    """
    faults = []
    lines = []
    for nth, (sku, quantity) in enumerate(items.items()):
        place = nth if places is None else places[sku]
        offer = terms.offers.get(sku)
        if offer is None:
            faults.append(Fault(f"/lines/{place}/sku", f"{sku} is not for sale; leave it out", "not_for_sale"))
        elif offer.price is None:
            faults.append(
                Fault(
                    f"/lines/{place}/sku",
                    f"{sku} has no price in {terms.currency}; choose another currency",
                    "no_price",
                )
            )
        else:
            lines.append(
                PricedLine(
                    sku=sku,
                    quantity=quantity,
                    unit_price=offer.price,
                    tax_category=offer.tax_category,
                    weight_g=offer.weight_g,
                )
            )
    if terms.shipping_method is not None and terms.shipping is None:
        faults.append(
            Fault("/shipping_method", f"there is no shipping method {terms.shipping_method!r}; list them first")
        )
    if terms.shipping_method is not None and terms.country is None:
        faults.append(Fault("/shipping_address", "shipping needs an address"))
    if faults:
        raise Invalid("order.not_for_sale", "This can not be bought as it is: see errors.", *faults)
    shipping = None
    if terms.shipping is not None and terms.country is not None:
        cost = shipping_quote(terms.shipping, Delivery.of(lines, country=terms.country, currency=terms.currency))
        shipping = shipping_line(terms.shipping, cost)
    return price(lines, shipping, terms.taxes, currency=terms.currency, inclusive=inclusive)
