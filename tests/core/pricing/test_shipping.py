"""What shipping costs, and what is refused as a tariff."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.kernel.clock import ManualClock
from tradepost.kernel.errors import Conflict, Invalid, PreconditionFailed
from tradepost.kernel.money import Money
from tradepost.pricing.quote_shipping import quotes
from tradepost.pricing.shipping import (
    Bracket,
    Delivery,
    ShippingKind,
    ShippingUnavailable,
    Tariff,
    quote,
    shipping_line,
)
from tradepost.pricing.shipping_method import ShippingMethod
from tradepost.pricing.totals import PricedLine

NOW = ManualClock().now()
BRACKETS = (Bracket(up_to_g=1000, price=400), Bracket(up_to_g=5000, price=700))
WEIGHT = (Tariff(currency="EUR", brackets=BRACKETS, free_above=10_000),)


def flat(code: str = "flat", **more: object) -> ShippingMethod:
    tariffs = (Tariff(currency="EUR", price=500, free_above=5000), Tariff(currency="JPY", price=800))
    values = {"id": f"ship_{code}", "code": code, "name": code.title(), "kind": ShippingKind.FLAT, "tariffs": tariffs}
    return ShippingMethod(**(values | more))  # type: ignore[arg-type]


def by_weight(code: str = "weight", **more: object) -> ShippingMethod:
    return flat(code, **({"kind": ShippingKind.BY_WEIGHT, "tariffs": WEIGHT} | more))  # type: ignore[arg-type]


def delivery(goods: int = 1000, weight_g: int = 500, country: str = "DE", currency: str = "EUR") -> Delivery:
    return Delivery(country=country, goods=Money(goods, currency), weight_g=weight_g)


def test_a_flat_method_costs_its_price_in_the_currency_of_the_order() -> None:
    assert quote(flat(), delivery()) == Money(500, "EUR")
    assert quote(flat(), delivery(currency="JPY")) == Money(800, "JPY")


@pytest.mark.parametrize(("weight", "cost"), [(0, 400), (1000, 400), (1001, 700), (5000, 700)])
def test_a_bracket_holds_up_to_and_including_its_weight(weight: int, cost: int) -> None:
    assert quote(by_weight(), delivery(weight_g=weight)).amount == cost


@pytest.mark.parametrize(("goods", "cost"), [(4999, 500), (5000, 0), (5001, 0)])
def test_it_is_free_from_the_threshold_on(goods: int, cost: int) -> None:
    assert quote(flat(), delivery(goods)).amount == cost


@pytest.mark.parametrize(
    ("method", "what", "reason"),
    [
        (flat(active=False), delivery(), "inactive"),
        (flat(countries=("FR", "IT")), delivery(), "country"),
        (flat(), delivery(currency="USD"), "currency"),
        (by_weight(), delivery(weight_g=5001), "weight"),
        (by_weight(), delivery(20_000, weight_g=5001), "weight"),
    ],
)
def test_what_a_method_does_not_deliver_it_refuses_with_the_reason(
    method: ShippingMethod, what: Delivery, reason: str
) -> None:
    with pytest.raises(ShippingUnavailable) as caught:
        quote(method, what)
    assert caught.value.data == {"shipping_method": method.code, "reason": reason}


def test_a_list_of_countries_lets_its_countries_through() -> None:
    assert quote(flat(countries=("FR", "DE")), delivery()).amount == 500


def test_a_delivery_adds_up_weights_and_what_the_lines_are_charged() -> None:
    lines = [
        PricedLine(sku="a", quantity=3, unit_price=Money(250, "EUR"), weight_g=200),
        PricedLine(sku="b", quantity=2, unit_price=Money(1, "EUR"), total=Money(999, "EUR"), weight_g=50),
    ]
    assert Delivery.of(lines, country="DE", currency="EUR") == delivery(1749, 700)


def test_shipping_is_a_line_in_its_own_tax_category() -> None:
    line = shipping_line(flat(), Money(500, "EUR"))
    assert (line.sku, line.quantity, line.unit_price, line.tax_category) == ("flat", 1, Money(500, "EUR"), "shipping")


def test_quotes_leave_out_what_does_not_deliver_and_start_with_the_cheapest() -> None:
    methods = [flat("b"), flat("a"), by_weight(), flat("off", active=False)]
    assert [each.code for each in quotes(methods, delivery())] == ["weight", "a", "b"]


@given(st.integers(0, 6000), st.integers(0, 6000))
def test_a_heavier_delivery_is_never_cheaper(one: int, other: int) -> None:
    def cost(weight: int) -> int:
        found = quotes([by_weight()], delivery(weight_g=weight))
        return found[0].price.amount if found else 10**9

    assert cost(min(one, other)) <= cost(max(one, other))


def faults(method: ShippingMethod) -> set[str]:
    with pytest.raises(Invalid) as caught:
        method.create(at=NOW)
    assert caught.value.code == "shipping_method.invalid"
    return {fault.pointer for fault in caught.value.faults}


def test_a_method_needs_a_price_in_some_currency() -> None:
    assert faults(flat(tariffs=())) == {"/tariffs"}


def test_everything_wrong_with_a_flat_method_is_named_at_once() -> None:
    tariffs = (
        Tariff(currency="EUR"),
        Tariff(currency="EUR", price=-1, free_above=-1),
        Tariff(currency="XXX", price=1, brackets=BRACKETS),
        Tariff(currency="USD", price=2**63),
    )
    assert faults(flat("Not a code", tariffs=tariffs, name=" ", countries=("DE", "UK"))) == {
        "/tariffs/0/price",
        "/tariffs/1/currency",
        "/tariffs/1/price",
        "/tariffs/1/free_above",
        "/tariffs/2/currency",
        "/tariffs/2/brackets",
        "/tariffs/3/price",
        "/code",
        "/name",
        "/countries/1",
    }


def test_everything_wrong_with_a_method_by_weight_is_named_at_once() -> None:
    tariffs = (
        Tariff(currency="EUR", price=1),
        Tariff(
            currency="USD",
            brackets=(Bracket(up_to_g=0, price=1), Bracket(up_to_g=500, price=-1), Bracket(up_to_g=500, price=1)),
        ),
    )
    assert faults(by_weight(tariffs=tariffs)) == {
        "/tariffs/0/price",
        "/tariffs/0/brackets",
        "/tariffs/1/brackets/0/up_to_g",
        "/tariffs/1/brackets/1/price",
        "/tariffs/1/brackets/2/up_to_g",
    }


def test_a_change_replaces_what_is_given_and_keeps_the_rest() -> None:
    method = flat()
    assert method.change(expected=None, at=NOW, name="Post", active=False)
    assert (method.name, method.active, method.tariffs) == ("Post", False, flat().tariffs)
    assert [message.type for message in method.take_messages()] == ["tradepost.shipping_method.changed.v1"]


def test_a_change_to_the_same_is_none() -> None:
    method = flat()
    assert not method.change(expected=0, at=NOW, name=method.name, tariffs=method.tariffs)
    assert method.take_messages() == ()


def test_a_change_at_another_version_than_was_read_is_refused() -> None:
    with pytest.raises(PreconditionFailed):
        flat().change(expected=3, at=NOW, name="Post")


def test_a_method_can_not_change_its_kind_without_its_tariffs() -> None:
    with pytest.raises(Invalid):
        flat().change(expected=None, at=NOW, kind=ShippingKind.BY_WEIGHT)


def test_the_refusal_is_a_conflict_that_says_what_to_do() -> None:
    with pytest.raises(Conflict, match="choose another one"):
        quote(flat(active=False), delivery())
