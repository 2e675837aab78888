"""What happens to prices: facts."""

from tradepost.kernel.events import Event


class TaxRateChanged(Event, frozen=True, kw_only=True, tag="tradepost.tax_rate.changed.v1"):
    """A rate holds from now on: set for the first time or to another percent."""

    tax_rate_id: str
    country: str
    region: str | None
    category: str
    rate: str


class TaxRateDeleted(Event, frozen=True, kw_only=True, tag="tradepost.tax_rate.deleted.v1"):
    tax_rate_id: str
    country: str
    region: str | None
    category: str


class ShippingMethodCreated(Event, frozen=True, kw_only=True, tag="tradepost.shipping_method.created.v1"):
    shipping_method_id: str
    code: str


class ShippingMethodChanged(Event, frozen=True, kw_only=True, tag="tradepost.shipping_method.changed.v1"):
    """Its prices, reach or name changed, or it was switched on or off."""

    shipping_method_id: str
    code: str
    active: bool
