"""What shipping costs and what is taxed how."""

from typing import Annotated

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.errors import Kind
from tradepost.kernel.ids import id_pattern
from tradepost.pricing import (
    CreateShippingMethod,
    CreateShippingMethodCommand,
    DeleteTaxRate,
    DeleteTaxRateCommand,
    GetShippingMethod,
    GetShippingMethodCommand,
    ListShippingMethods,
    ListShippingMethodsCommand,
    ListTaxRates,
    ListTaxRatesCommand,
    SetTaxRate,
    SetTaxRateCommand,
    ShippingKind,
    ShippingMethodView,
    Tariff,
    TaxRateId,
    TaxRateView,
    UpdateShippingMethod,
    UpdateShippingMethodCommand,
)
from tradepost_entrypoints.http.endpoint import Refusal, endpoint
from tradepost_entrypoints.http.envelope import Many, Nothing, One
from tradepost_entrypoints.http.parameters import PageQuery

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64, description="A shipping method's code.")]
Country = Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$", description="ISO 3166-1, such as DE.")]
TaxRateParameter = Annotated[
    str, msgspec.Meta(pattern=id_pattern("taxrate"), max_length=40, description="A tax rate's id.")
]
_GONE = Refusal(Kind.NOT_FOUND, "shipping_method.not_found", "There is no shipping_method 'express'.")
_INVALID = Refusal(
    Kind.INVALID, "shipping_method.invalid", "The shipping method can not be saved as it is: see errors."
)
_TAKEN = Refusal(Kind.CONFLICT, "shipping_method.code_taken", "There is a shipping method 'express' already.")


class ShippingQuery(PageQuery, frozen=True, kw_only=True):
    """Which methods; those not on offer are for staff."""

    active: bool | None = None


@endpoint("GET", "/shipping-methods", tag="Pricing")
async def list_shipping_methods(
    query: ShippingQuery, actor: Actor, list_shipping_methods: ListShippingMethods
) -> Many[ShippingMethodView]:
    """The shipping methods with their tariffs. Sort by `code` or `name`."""
    command = ListShippingMethodsCommand(actor=actor, page=query.page_request(), active=query.active)
    return Many(await list_shipping_methods(command), query)


@endpoint("GET", "/shipping-methods/{code}", tag="Pricing", errors=(_GONE,))
async def get_shipping_method(
    code: Code, actor: Actor, get_shipping_method: GetShippingMethod
) -> One[ShippingMethodView]:
    """One shipping method."""
    return _method(await get_shipping_method(GetShippingMethodCommand(actor=actor, code=code)), 200)


class CreateShippingMethodBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A flat method has a price in each tariff, one by weight has brackets. No countries: everywhere."""

    code: Code
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    kind: ShippingKind
    tariffs: Annotated[tuple[Tariff, ...], msgspec.Meta(min_length=1, max_length=50)]
    countries: Annotated[tuple[Country, ...], msgspec.Meta(max_length=250)] = ()
    active: bool = True


@endpoint(
    "POST",
    "/shipping-methods",
    tag="Pricing",
    status=201,
    errors=(_INVALID, _TAKEN),
    example={
        "code": "express",
        "name": "Express",
        "kind": "flat",
        "tariffs": [{"currency": "EUR", "price": 990, "free_above": 10000}],
        "countries": ["DE", "AT"],
    },
)
async def create_shipping_method(
    data: CreateShippingMethodBody, actor: Actor, create_shipping_method: CreateShippingMethod
) -> One[ShippingMethodView]:
    """Offer another way to travel. For managers."""
    command = CreateShippingMethodCommand(
        actor=actor,
        code=data.code,
        name=data.name,
        kind=data.kind,
        tariffs=data.tariffs,
        countries=data.countries,
        active=data.active,
    )
    return _method(await create_shipping_method(command), 201)


class UpdateShippingMethodBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays as it is; tariffs and countries are replaced whole."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | None = None
    kind: ShippingKind | None = None
    tariffs: Annotated[tuple[Tariff, ...], msgspec.Meta(min_length=1, max_length=50)] | None = None
    countries: Annotated[tuple[Country, ...], msgspec.Meta(max_length=250)] | None = None
    active: bool | None = None


@endpoint(
    "PATCH",
    "/shipping-methods/{code}",
    tag="Pricing",
    errors=(_INVALID, _GONE),
    example={"active": False},
)
async def update_shipping_method(
    code: Code,
    data: UpdateShippingMethodBody,
    actor: Actor,
    expected_version: int | None,
    update_shipping_method: UpdateShippingMethod,
) -> One[ShippingMethodView]:
    """Change a shipping method, or take it off the offer. Orders keep what they were charged. For managers."""
    command = UpdateShippingMethodCommand(
        actor=actor,
        code=code,
        expected_version=expected_version,
        name=data.name,
        kind=data.kind,
        tariffs=data.tariffs,
        countries=data.countries,
        active=data.active,
    )
    return _method(await update_shipping_method(command), 200)


class TaxQuery(PageQuery, frozen=True, kw_only=True):
    """Of which country."""

    country: Country | None = None


@endpoint("GET", "/tax-rates", tag="Pricing")
async def list_tax_rates(query: TaxQuery, list_tax_rates: ListTaxRates) -> Many[TaxRateView]:
    """The tax rates by destination. Sort by `country` or `category`."""
    return Many(await list_tax_rates(ListTaxRatesCommand(page=query.page_request(), country=query.country)), query)


class SetTaxRateBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A percent as exact text. The most specific of country, region and category wins."""

    country: Country
    rate: Annotated[str, msgspec.Meta(min_length=1, max_length=10, examples=["19", "7.7"])]
    region: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    category: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] = "standard"


@endpoint("PUT", "/tax-rates", tag="Pricing", example={"country": "DE", "rate": "19"})
async def set_tax_rate(data: SetTaxRateBody, actor: Actor, set_tax_rate: SetTaxRate) -> One[TaxRateView]:
    """Set the rate of a destination and category; setting it again changes it. For managers."""
    command = SetTaxRateCommand(
        actor=actor, country=data.country, region=data.region, category=data.category, rate=data.rate
    )
    return One(await set_tax_rate(command))


@endpoint("DELETE", "/tax-rates/{tax_rate_id}", tag="Pricing", status=204)
async def delete_tax_rate(
    tax_rate_id: TaxRateParameter, actor: Actor, expected_version: int | None, delete_tax_rate: DeleteTaxRate
) -> Nothing:
    """Delete a rate; the next less specific one holds from then on. For managers."""
    await delete_tax_rate(
        DeleteTaxRateCommand(actor=actor, tax_rate_id=TaxRateId(tax_rate_id), expected_version=expected_version)
    )
    return Nothing()


def _method(view: ShippingMethodView, status: int) -> One[ShippingMethodView]:
    return One(view, status=status, location=f"/shipping-methods/{view.code}")


ROUTES = (
    list_shipping_methods,
    get_shipping_method,
    create_shipping_method,
    update_shipping_method,
    list_tax_rates,
    set_tax_rate,
    delete_tax_rate,
)
