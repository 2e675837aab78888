"""Tax rates and shipping methods in SQL."""

from functools import partial
from typing import Any

from sqlalchemy import bindparam, delete, or_, select

from tradepost.kernel.errors import NotFound
from tradepost.kernel.pages import Page, PageRequest
from tradepost.kernel.transactions import StaleVersion
from tradepost.pricing.shipping import ShippingKind
from tradepost.pricing.shipping_method import CodeTaken, ShippingMethod
from tradepost.pricing.tax_rate import TaxRate
from tradepost.pricing.taxes import Rate, TaxTable, place_key
from tradepost.pricing.views import ShippingMethodView, TaxRateView
from tradepost_adapters.sql.aggregates import Facts, Mapper, SqlAggregates
from tradepost_adapters.sql.connection import Connection, Reads, Row, UniqueViolation
from tradepost_adapters.sql.listing import Listing
from tradepost_adapters.sql.statements import Statement
from tradepost_adapters.sql.tables.pricing import shipping_methods, tax_rates
from tradepost_adapters.sql.types import Flag


def _rate_row(rate: TaxRate) -> dict[str, Any]:
    return {
        "id": rate.id,
        "country": rate.country,
        "region": rate.region or "",
        "category": rate.category,
        "rate": rate.rate.percent,
    }


def _rate_from(row: Row) -> TaxRate:
    id_, version, country, region, category, rate = row
    return TaxRate(
        id=id_, version=version, country=country, region=region or None, category=category, rate=Rate.parse(rate)
    )


def _rate_view(row: Row) -> TaxRateView:
    id_, version, country, region, category, rate = row
    return TaxRateView(id=id_, version=version, country=country, region=region or None, category=category, rate=rate)


def _method_row(method: ShippingMethod) -> dict[str, Any]:
    return {
        "id": method.id,
        "code": method.code,
        "name": method.name,
        "kind": method.kind.value,
        "tariffs": method.tariffs,
        "countries": method.countries,
        "active": method.active,
    }


def method_from(row: Row) -> ShippingMethod:
    """From a row of all the table's columns."""
    id_, version, code, name, kind, tariffs, countries, active = row
    return ShippingMethod(
        id=id_,
        version=version,
        code=code,
        name=name,
        kind=ShippingKind(kind),
        tariffs=tariffs,
        countries=countries,
        active=active,
    )


def _method_view(row: Row) -> ShippingMethodView:
    return ShippingMethodView.of(method_from(row))


_RATE = Mapper(
    tax_rates,
    "tax_rate",
    _rate_row,
    _rate_from,
    fixed=("country", "region", "category"),
    # Someone set the same rate at the same moment: run again, and it is found.
    conflict=partial(StaleVersion, "tax_rate"),
)
_FIND_RATE = _RATE.query(
    tax_rates.c.country == bindparam("country"),
    tax_rates.c.region == bindparam("region"),
    tax_rates.c.category == bindparam("category"),
    name="find",
)
_REMOVE_RATE = Statement(
    delete(tax_rates).where(tax_rates.c.id == bindparam("id"), tax_rates.c.version == bindparam("version")),
    name="tax_rates.remove",
)
_RATES_FOR = Statement(
    select(tax_rates.c.region, tax_rates.c.category, tax_rates.c.rate).where(
        tax_rates.c.country == bindparam("country"),
        or_(tax_rates.c.region == "", tax_rates.c.region == bindparam("region")),
    ),
    name="tax_rates.rates_for",
)
_METHOD = Mapper(shipping_methods, "shipping_method", _method_row, method_from, fixed=("code",))
_METHOD_OF_CODE = _METHOD.query(shipping_methods.c.code == bindparam("code"), name="of_code")
_OFFERED = _METHOD.query(shipping_methods.c.active, name="offered", order_by=(shipping_methods.c.code,))

_RATES = Listing(
    select(tax_rates),
    _rate_view,
    name="tax_rates",
    key=tax_rates.c.id,
    sorts={"country": tax_rates.c.country, "category": tax_rates.c.category},
    default="country",
    filters={"country": tax_rates.c.country == bindparam("country")},
)
_METHODS = Listing(
    select(shipping_methods),
    _method_view,
    name="shipping_methods",
    key=shipping_methods.c.id,
    sorts={"code": shipping_methods.c.code, "name": shipping_methods.c.name},
    default="code",
    filters={"active": shipping_methods.c.active == bindparam("active", type_=Flag())},
)


class SqlTaxRates(SqlAggregates[TaxRate]):
    """`TaxTables` and `TaxRates` in SQL."""

    def __init__(self, connection: Connection, facts: Facts) -> None:
        super().__init__(connection, facts, _RATE)

    async def rates_for(self, country: str, region: str | None, /) -> TaxTable:
        country, region = place_key(country, region)
        regional: dict[str, Rate] = {}
        national: dict[str, Rate] = {}
        for place, category, rate in await self._connection.all(_RATES_FOR, {"country": country, "region": region}):
            (regional if place else national)[category] = Rate.parse(rate)
        return TaxTable(regional, national)

    async def find(self, country: str, region: str | None, category: str, /) -> TaxRate | None:
        row = await self._connection.one(_FIND_RATE, {"country": country, "region": region or "", "category": category})
        return None if row is None else _rate_from(row)

    async def remove(self, rate: TaxRate, /) -> None:
        if await self._connection.run(_REMOVE_RATE, {"id": rate.id, "version": rate.version}) != 1:
            raise StaleVersion(rate.id)
        await self._facts.append(rate.take_messages())


class SqlShippingMethods(SqlAggregates[ShippingMethod]):
    """`ShippingMethods` in SQL."""

    def __init__(self, connection: Connection, facts: Facts) -> None:
        super().__init__(connection, facts, _METHOD)

    async def get(self, code: str, /) -> ShippingMethod:
        """By its code, as the port says, and not by its id."""
        row = await self._connection.one(_METHOD_OF_CODE, {"code": code})
        if row is None:
            raise NotFound("shipping_method", code)
        return method_from(row)

    async def add(self, aggregate: ShippingMethod, /) -> None:
        """Insert at once, and not at commit, so that the refusal can name the code."""
        messages = aggregate.take_messages()
        aggregate.version += 1
        try:
            await self._connection.insert(_METHOD.insert, ({**_method_row(aggregate), "version": aggregate.version},))
        except UniqueViolation as error:
            raise CodeTaken(aggregate.code) from error
        await self._facts.append(messages)


class SqlPricingViews:
    """`PricingViews` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def tax_rates(self, page: PageRequest, /, *, country: str | None = None) -> Page[TaxRateView]:
        return await _RATES.page(self._reads, page, {"country": country})

    async def shipping_methods(self, page: PageRequest, /, *, active: bool | None = None) -> Page[ShippingMethodView]:
        return await _METHODS.page(self._reads, page, {"active": active})

    async def shipping_method(self, code: str, /) -> ShippingMethodView:
        row = await self._reads.one(_METHOD_OF_CODE, {"code": code})
        if row is None:
            raise NotFound("shipping_method", code)
        return _method_view(row)

    async def offered(self) -> tuple[ShippingMethodView, ...]:
        return tuple(map(_method_view, await self._reads.all(_OFFERED)))
