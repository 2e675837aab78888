"""Tax rates and shipping methods, in memory."""

from copy import copy

from tradepost.kernel.errors import NotFound
from tradepost.kernel.pages import Page, PageRequest
from tradepost.kernel.transactions import StaleVersion
from tradepost.pricing.shipping_method import CodeTaken, ShippingMethod
from tradepost.pricing.tax_rate import TaxRate
from tradepost.pricing.taxes import TaxTable, place_key
from tradepost.pricing.views import ShippingMethodView, TaxRateView
from tradepost_adapters.memory.aggregates import Aggregates
from tradepost_adapters.memory.database import Index, MemoryDatabase, Session, TableOf, UniqueViolation
from tradepost_adapters.memory.listing import page_of
from tradepost_adapters.memory.outbox import MemoryOutbox

TAX_RATES = TableOf[str, TaxRate](
    "tax_rates",
    place=Index(lambda rate: (rate.country, rate.region or "")),
    slot=Index(lambda rate: (rate.country, rate.region, rate.category), unique=True),
)
SHIPPING_METHODS = TableOf[str, ShippingMethod]("shipping_methods", code=Index(lambda method: method.code, unique=True))


class MemoryTaxRates(Aggregates[TaxRate]):
    """`TaxTables` and `TaxRates` in memory."""

    def __init__(self, session: Session, outbox: MemoryOutbox) -> None:
        super().__init__(session, outbox, TAX_RATES, "tax_rate")

    async def rates_for(self, country: str, region: str | None, /) -> TaxTable:
        country, region = place_key(country, region)
        national = {rate.category: rate.rate for rate in self.rows.by("place", (country, ""))}
        if not region:
            return TaxTable(national=national)
        regional = {rate.category: rate.rate for rate in self.rows.by("place", (country, region))}
        return TaxTable(regional, national)

    async def find(self, country: str, region: str | None, category: str, /) -> TaxRate | None:
        found = self.rows.one("slot", (country, region, category))
        return None if found is None else copy(found)

    async def add(self, aggregate: TaxRate, /) -> None:
        try:
            await super().add(aggregate)
        except UniqueViolation as error:
            raise StaleVersion(aggregate.id) from error

    async def remove(self, rate: TaxRate, /) -> None:
        current = self.rows.get(rate.id)
        if current is None or current.version != rate.version:
            raise StaleVersion(rate.id)
        del self.rows[rate.id]
        await self._outbox.append(rate.take_messages())


class MemoryShippingMethods(Aggregates[ShippingMethod]):
    """`ShippingMethods` in memory."""

    def __init__(self, session: Session, outbox: MemoryOutbox) -> None:
        super().__init__(session, outbox, SHIPPING_METHODS, "shipping_method")

    async def get(self, code: str, /) -> ShippingMethod:
        """By its code, as the port says, and not by its id."""
        found = self.rows.one("code", code)
        if found is None:
            raise NotFound("shipping_method", code)
        return copy(found)

    async def add(self, aggregate: ShippingMethod, /) -> None:
        try:
            await super().add(aggregate)
        except UniqueViolation as error:
            raise CodeTaken(aggregate.code) from error


class MemoryPricingViews:
    """`PricingViews` over committed rows."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def tax_rates(self, page: PageRequest, /, *, country: str | None = None) -> Page[TaxRateView]:
        with self._database.reading() as session:
            rows = list(session.table(TAX_RATES).values())
        return page_of(
            (rate for rate in rows if country is None or rate.country == country),
            page,
            TaxRateView.of,
            key=lambda rate: rate.id,
            sorts={"country": (str, lambda rate: rate.country), "category": (str, lambda rate: rate.category)},
            default="country",
        )

    async def shipping_methods(self, page: PageRequest, /, *, active: bool | None = None) -> Page[ShippingMethodView]:
        with self._database.reading() as session:
            rows = list(session.table(SHIPPING_METHODS).values())
        return page_of(
            (method for method in rows if active is None or method.active == active),
            page,
            ShippingMethodView.of,
            key=lambda method: method.id,
            sorts={"code": (str, lambda method: method.code), "name": (str, lambda method: method.name)},
            default="code",
        )

    async def shipping_method(self, code: str, /) -> ShippingMethodView:
        with self._database.reading() as session:
            found = session.table(SHIPPING_METHODS).one("code", code)
        if found is None:
            raise NotFound("shipping_method", code)
        return ShippingMethodView.of(found)

    async def offered(self) -> tuple[ShippingMethodView, ...]:
        with self._database.reading() as session:
            rows = [method for method in session.table(SHIPPING_METHODS).values() if method.active]
        return tuple(ShippingMethodView.of(method) for method in sorted(rows, key=lambda method: method.code))
