"""What is shown of tax rates and shipping methods."""

import msgspec

from tradepost.kernel.money import Money
from tradepost.pricing.shipping import ShippingKind, Tariff
from tradepost.pricing.shipping_method import ShippingMethod
from tradepost.pricing.tax_rate import TaxRate


class TaxRateView(msgspec.Struct, frozen=True, kw_only=True):
    """A tax rate; `rate` is a decimal percent such as "19" or "7.7"."""

    id: str
    version: int
    country: str
    region: str | None
    category: str
    rate: str

    @classmethod
    def of(cls, rate: TaxRate) -> "TaxRateView":
        return cls(
            id=rate.id,
            version=rate.version,
            country=rate.country,
            region=rate.region,
            category=rate.category,
            rate=rate.rate.percent,
        )


class ShippingMethodView(msgspec.Struct, frozen=True, kw_only=True):
    """A shipping method with its tariffs. An empty list of countries means everywhere."""

    id: str
    version: int
    code: str
    name: str
    kind: ShippingKind
    tariffs: tuple[Tariff, ...]
    countries: tuple[str, ...]
    active: bool

    @classmethod
    def of(cls, method: ShippingMethod) -> "ShippingMethodView":
        return cls(
            id=method.id,
            version=method.version,
            code=method.code,
            name=method.name,
            kind=method.kind,
            tariffs=method.tariffs,
            countries=method.countries,
            active=method.active,
        )


class ShippingQuote(msgspec.Struct, frozen=True, kw_only=True):
    """A method that delivers, and what it would cost."""

    code: str
    name: str
    price: Money
