"""What shipping costs: tariffs per currency, flat or by weight, free from an order value on, to some countries or all."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from tradepost.kernel.countries import COUNTRIES
from tradepost.kernel.errors import Conflict, Fault, TradepostError
from tradepost.kernel.money import Money
from tradepost.kernel.money import currency as known_currency
from tradepost.pricing.taxes import SHIPPING
from tradepost.pricing.totals import MAX_AMOUNT, PricedLine, charged

MAX_BRACKETS = 50


class ShippingKind(StrEnum):
    """How a method finds its price."""

    FLAT = "flat"
    BY_WEIGHT = "by_weight"


class Bracket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Up to and including `up_to_g` grams it costs `price` minor units."""

    up_to_g: int
    price: int


class Tariff(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a method costs in one currency, in minor units.

    A flat method has a `price`; one by weight has `brackets`, the lightest first. From a goods' total of `free_above`
    on, it costs nothing.
    """

    currency: str
    price: int | None = None
    brackets: tuple[Bracket, ...] = ()
    free_above: int | None = None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be delivered: the `goods`' total as the buyer sees it, without shipping, and their weight."""

    country: str
    goods: Money
    weight_g: int

    @classmethod
    def of(cls, lines: Sequence[PricedLine], *, country: str, currency: str) -> "Delivery":
        """Of these lines. The goods' total is with tax where prices are shown with tax, without where they are not."""
        return cls(
            country=country,
            goods=Money(sum([charged(line, currency) for line in lines]), currency),
            weight_g=sum([line.weight_g * line.quantity for line in lines]),
        )


class Terms(Protocol):
    """What a quote needs to know of a method."""

    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def active(self) -> bool: ...
    @property
    def countries(self) -> tuple[str, ...]: ...
    @property
    def tariffs(self) -> tuple[Tariff, ...]: ...


class ShippingUnavailable(Conflict):
    """The method does not deliver this; `data["reason"]` is `inactive`, `country`, `currency` or `weight`."""

    def __init__(self, code: str, reason: str, why: str) -> None:
        super().__init__(
            "shipping.unavailable",
            f"Shipping method {code!r} {why}; choose another one.",
            {"shipping_method": code, "reason": reason},
        )


def quote(method: Terms, delivery: Delivery) -> Money:
    """What the delivery costs by this method. Raises `ShippingUnavailable`.

    What is too heavy for the last bracket is not delivered at all, also where it would be free.
    """
    code, currency = method.code, delivery.goods.currency
    if not method.active:
        raise ShippingUnavailable(code, "inactive", "is no longer offered")
    if method.countries and delivery.country not in method.countries:
        raise ShippingUnavailable(code, "country", f"does not deliver to {delivery.country}")
    for tariff in method.tariffs:
        if tariff.currency == currency:
            break
    else:
        raise ShippingUnavailable(code, "currency", f"has no price in {currency}")
    cost = tariff.price
    if cost is None:
        cost = next((each.price for each in tariff.brackets if delivery.weight_g <= each.up_to_g), None)
        if cost is None:
            raise ShippingUnavailable(code, "weight", f"does not take {delivery.weight_g} g")
    if tariff.free_above is not None and delivery.goods.amount >= tariff.free_above:
        cost = 0
    return Money(cost, currency)


def shipping_line(method: Terms, cost: Money) -> PricedLine:
    """The line that charges for it: one of the method's code, in the tax category `shipping`."""
    return PricedLine(sku=method.code, quantity=1, unit_price=cost, tax_category=SHIPPING)


def tariff_faults(kind: ShippingKind, tariffs: Sequence[Tariff]) -> list[Fault]:
    """Everything wrong with the tariffs of a method of this kind."""
    faults = [] if tariffs else [Fault("/tariffs", "state a price in at least one currency")]
    seen: set[str] = set()
    for place, tariff in enumerate(tariffs):
        here = f"/tariffs/{place}"
        try:
            known_currency(tariff.currency)
        except TradepostError as error:
            faults.append(Fault(f"{here}/currency", error.detail))
        if tariff.currency in seen:
            faults.append(Fault(f"{here}/currency", f"{tariff.currency} has a tariff already"))
        seen.add(tariff.currency)
        if tariff.free_above is not None:
            faults += _amount_fault(f"{here}/free_above", tariff.free_above)
        faults += _flat_faults(here, tariff) if kind is ShippingKind.FLAT else _weight_faults(here, tariff)
    return faults


def country_faults(countries: Sequence[str]) -> list[Fault]:
    """Everything wrong with a list of countries."""
    return [
        Fault(f"/countries/{place}", f"{code!r} is not an ISO 3166-1 country code, such as DE, GB or US")
        for place, code in enumerate(countries)
        if code not in COUNTRIES
    ]


def _flat_faults(here: str, tariff: Tariff) -> list[Fault]:
    faults = [Fault(f"{here}/brackets", "a flat method has a price and no brackets")] if tariff.brackets else []
    if tariff.price is None:
        return [*faults, Fault(f"{here}/price", "a flat method needs a price")]
    return faults + _amount_fault(f"{here}/price", tariff.price)


def _weight_faults(here: str, tariff: Tariff) -> list[Fault]:
    faults = []
    if tariff.price is not None:
        faults.append(Fault(f"{here}/price", "a method by weight has brackets and no price"))
    if not 1 <= len(tariff.brackets) <= MAX_BRACKETS:
        faults.append(Fault(f"{here}/brackets", f"a method by weight needs 1 to {MAX_BRACKETS} brackets"))
    lightest = 0
    for place, bracket in enumerate(tariff.brackets):
        if not lightest < bracket.up_to_g <= MAX_AMOUNT:
            faults.append(Fault(f"{here}/brackets/{place}/up_to_g", f"must be more than {lightest} g"))
        lightest = max(lightest, bracket.up_to_g)
        faults += _amount_fault(f"{here}/brackets/{place}/price", bracket.price)
    return faults


def _amount_fault(pointer: str, amount: int) -> list[Fault]:
    return [] if 0 <= amount <= MAX_AMOUNT else [Fault(pointer, f"must be between 0 and {MAX_AMOUNT}")]
