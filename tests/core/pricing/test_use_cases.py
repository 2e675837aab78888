"""Setting taxes and shipping, and asking for them, over the memory adapters."""

import pytest

from tradepost.kernel.access import GUEST, Actor, Role
from tradepost.kernel.clock import ManualClock
from tradepost.kernel.errors import Invalid, Kind, NotFound, PreconditionFailed, TradepostError
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.pricing import (
    CodeTaken,
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
    PricedLine,
    QuoteShipping,
    QuoteShippingCommand,
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
from tradepost.pricing.ports import HasTaxTables
from tradepost_adapters.memory.database import MemoryDatabase, MemoryTransactions
from tradepost_adapters.memory.pricing import MemoryPricingViews
from tradepost_adapters.memory.transaction import MemoryTransaction

MANAGER = Actor(id="user_m", role=Role.MANAGER)
CLERK = Actor(id="user_s", role=Role.SUPPORT)


class Desk:
    """Every use case of pricing over one memory database."""

    def __init__(self) -> None:
        database, ids, clock = MemoryDatabase(), TypeIds(), ManualClock()
        self.transactions = MemoryTransactions(database, MemoryTransaction)
        views = MemoryPricingViews(database)
        self.set_rate = SetTaxRate(self.transactions, ids, clock)
        self.delete_rate = DeleteTaxRate(self.transactions, clock)
        self.rates = ListTaxRates(views)
        self.create = CreateShippingMethod(self.transactions, ids, clock)
        self.update = UpdateShippingMethod(self.transactions, clock)
        self.get = GetShippingMethod(views)
        self.methods = ListShippingMethods(views)
        self.quote = QuoteShipping(views)

    async def rate(self, country: str, rate: str, region: str | None = None, category: str = "standard") -> TaxRateView:
        command = SetTaxRateCommand(actor=MANAGER, country=country, region=region, category=category, rate=rate)
        return await self.set_rate(command)

    async def taxed(self, country: str, region: str | None = None, category: str = "standard") -> str:
        async def work(tx: HasTaxTables) -> str:
            return (await tx.tax_rates.rates_for(country, region)).rate_for(category).percent

        return await self.transactions.run(work)

    async def flat(self, code: str, price: int, *, active: bool = True) -> ShippingMethodView:
        return await self.create(
            CreateShippingMethodCommand(
                actor=MANAGER,
                code=code,
                name=code.title(),
                kind=ShippingKind.FLAT,
                tariffs=(Tariff(currency="EUR", price=price),),
                active=active,
            )
        )


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_the_most_specific_rate_of_the_destination_holds(desk: Desk) -> None:
    await desk.rate("us", "5")
    await desk.rate("US", "7.25", region="ca")
    await desk.rate("US", "0", category="food")
    await desk.rate("US", "1.5", region="CA", category="food")
    assert await desk.taxed("US", "CA", "food") == "1.5"
    assert await desk.taxed("US", "NY", "food") == "0"
    assert await desk.taxed("US", "CA", "toys") == "7.25"
    assert await desk.taxed("US", "CA", "shipping") == "7.25"
    assert await desk.taxed("US", "NY") == "5"
    assert await desk.taxed(" us ", "ca") == "7.25"
    assert await desk.taxed("DE") == "0"


async def test_setting_a_rate_again_changes_it(desk: Desk) -> None:
    first = await desk.rate("DE", "16")
    second = await desk.rate("DE", "19.00")
    assert (second.id, second.version, second.rate) == (first.id, 2, "19")
    assert await desk.taxed("DE") == "19"


async def test_setting_the_same_rate_again_changes_nothing(desk: Desk) -> None:
    await desk.rate("DE", "19")
    assert (await desk.rate("DE", "19.0")).version == 1


async def test_a_deleted_rate_gives_way_to_the_next(desk: Desk) -> None:
    await desk.rate("DE", "19")
    food = await desk.rate("DE", "7", category="food")
    await desk.delete_rate(DeleteTaxRateCommand(actor=MANAGER, tax_rate_id=TaxRateId(food.id), expected_version=1))
    assert await desk.taxed("DE", category="food") == "19"
    with pytest.raises(NotFound):
        await desk.delete_rate(DeleteTaxRateCommand(actor=MANAGER, tax_rate_id=TaxRateId(food.id)))


async def test_a_rate_that_has_changed_since_is_not_deleted(desk: Desk) -> None:
    rate = await desk.rate("DE", "16")
    await desk.rate("DE", "19")
    with pytest.raises(PreconditionFailed):
        await desk.delete_rate(DeleteTaxRateCommand(actor=MANAGER, tax_rate_id=TaxRateId(rate.id), expected_version=1))


async def test_everything_wrong_with_a_rate_is_named_at_once(desk: Desk) -> None:
    with pytest.raises(Invalid) as caught:
        await desk.rate("UK", "19 %", region="California", category="Food & drink")
    assert [fault.pointer for fault in caught.value.faults] == ["/country", "/region", "/category", "/rate"]


async def test_rates_are_listed_by_country(desk: Desk) -> None:
    for country in ("FR", "DE", "AT"):
        await desk.rate(country, "20")
    page = await desk.rates(ListTaxRatesCommand())
    assert [rate.country for rate in page.items] == ["AT", "DE", "FR"]
    assert [rate.country for rate in (await desk.rates(ListTaxRatesCommand(country="de"))).items] == ["DE"]


async def test_a_code_is_taken_once(desk: Desk) -> None:
    await desk.flat("post", 500)
    with pytest.raises(CodeTaken):
        await desk.flat("post", 600)


async def test_a_method_that_is_not_offered_is_there_for_those_who_manage_it_alone(desk: Desk) -> None:
    await desk.flat("post", 500)
    await desk.flat("drone", 100, active=False)
    for actor, seen in ((GUEST, ["post"]), (CLERK, ["post"]), (MANAGER, ["drone", "post"])):
        page = await desk.methods(ListShippingMethodsCommand(actor=actor))
        assert [method.code for method in page.items] == seen
    with pytest.raises(NotFound):
        await desk.get(GetShippingMethodCommand(actor=GUEST, code="drone"))
    assert (await desk.get(GetShippingMethodCommand(actor=MANAGER, code="drone"))).name == "Drone"
    with pytest.raises(TradepostError) as caught:
        await desk.methods(ListShippingMethodsCommand(actor=CLERK, active=False))
    assert caught.value.kind is Kind.FORBIDDEN


async def test_a_method_switched_off_is_no_longer_quoted(desk: Desk) -> None:
    await desk.flat("post", 500)
    await desk.flat("bike", 300)
    lines = (PricedLine(sku="a", quantity=1, unit_price=Money(100, "EUR")),)
    wanted = QuoteShippingCommand(country="DE", currency="EUR", lines=lines)
    assert [(each.code, each.price.amount) for each in await desk.quote(wanted)] == [("bike", 300), ("post", 500)]
    changed = await desk.update(UpdateShippingMethodCommand(actor=MANAGER, code="bike", active=False))
    assert (changed.active, changed.version) == (False, 2)
    assert [each.code for each in await desk.quote(wanted)] == ["post"]


async def test_a_quote_needs_a_country_there_is(desk: Desk) -> None:
    with pytest.raises(Invalid) as caught:
        await desk.quote(QuoteShippingCommand(country="UK", currency="EUR", lines=()))
    assert caught.value.code == "country.unknown"


async def test_changes_need_the_right_to_make_them(desk: Desk) -> None:
    rate = await desk.rate("DE", "19")
    await desk.flat("post", 500)
    for actor, kind in ((GUEST, Kind.UNAUTHENTICATED), (CLERK, Kind.FORBIDDEN)):
        tries = (
            desk.set_rate(SetTaxRateCommand(actor=actor, country="DE", rate="0")),
            desk.delete_rate(DeleteTaxRateCommand(actor=actor, tax_rate_id=TaxRateId(rate.id))),
            desk.create(
                CreateShippingMethodCommand(
                    actor=actor, code="x", name="X", kind=ShippingKind.FLAT, tariffs=(Tariff(currency="EUR", price=0),)
                )
            ),
            desk.update(UpdateShippingMethodCommand(actor=actor, code="post", name="Mine")),
        )
        for attempt in tries:
            with pytest.raises(TradepostError) as caught:
                await attempt
            assert caught.value.kind is kind
