"""What every adapter of tax rates and shipping methods keeps to."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from datetime import UTC, datetime
from typing import Protocol

import pytest

from tradepost.kernel.access import operator
from tradepost.kernel.clock import SystemClock
from tradepost.kernel.errors import Invalid, NotFound
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.pages import PageRequest
from tradepost.kernel.transactions import StaleVersion, Transactions
from tradepost.pricing.ports import PricingViews, ShippingMethods, TaxRates, TaxTables
from tradepost.pricing.set_tax_rate import SetTaxRate, SetTaxRateCommand
from tradepost.pricing.shipping import Bracket, ShippingKind, Tariff
from tradepost.pricing.shipping_method import CodeTaken, ShippingMethod
from tradepost.pricing.tax_rate import TaxRate
from tradepost.pricing.taxes import Rate, TaxTable
from tradepost.pricing.views import ShippingMethodView, TaxRateView

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
LARGEST = 2**63 - 1
_ids = TypeIds()


class WholeTaxRates(TaxTables, TaxRates, Protocol):
    """Both sides of the rates: one by one, and as pricing an order reads them."""


class PricingTx(Protocol):
    """What the suite writes with."""

    @property
    def tax_rates(self) -> WholeTaxRates: ...

    @property
    def shipping_methods(self) -> ShippingMethods: ...


class PricingAdapter(Protocol):
    """An adapter under test, empty at the start of each test."""

    @property
    def transactions(self) -> Transactions[PricingTx]: ...

    @property
    def pricing_views(self) -> PricingViews: ...


def a_rate(country: str, rate: str, region: str | None = None, category: str = "standard") -> TaxRate:
    return TaxRate.new(id=_ids.new("taxrate"), country=country, region=region, category=category, rate=rate, at=NOW)


def a_method(code: str, *, active: bool = True, **more: object) -> ShippingMethod:
    values = {
        "id": _ids.new("ship"),
        "code": code,
        "name": f"Method {code}",
        "kind": ShippingKind.FLAT,
        "tariffs": (Tariff(currency="EUR", price=490, free_above=5000), Tariff(currency="JPY", price=LARGEST)),
        "active": active,
    }
    method = ShippingMethod(**(values | more))  # type: ignore[arg-type]
    method.create(at=NOW)
    return method


class PricingContract:
    """Bind it with a fixture `pricing` that gives a `PricingAdapter`."""

    async def test_rates_come_back_as_they_were_written(self, pricing: PricingAdapter) -> None:
        wanted = a_rate("US", "7.250001", region="CA", category="food")
        await _add_rates(pricing, wanted)

        async def work(tx: PricingTx) -> tuple[TaxRate, TaxRate | None]:
            return await tx.tax_rates.get(wanted.id), await tx.tax_rates.find("US", "CA", "food")

        got, found = await pricing.transactions.run(work)
        assert TaxRateView.of(got) == TaxRateView.of(wanted)
        assert found is not None
        assert (found.rate, found.version) == (Rate("7.250001", 7_250_001), 1)

    async def test_a_table_holds_the_rates_of_the_region_and_the_country_and_of_nowhere_else(
        self, pricing: PricingAdapter
    ) -> None:
        await _add_rates(
            pricing,
            a_rate("US", "5"),
            a_rate("US", "0", category="food"),
            a_rate("US", "7.25", region="CA"),
            a_rate("US", "8", region="NY"),
            a_rate("CA", "5", region="ON"),
        )
        five, none = Rate.parse("5"), Rate.parse("0")
        national = {"standard": five, "food": none}
        california = TaxTable({"standard": Rate.parse("7.25")}, national)
        assert await _table(pricing, "US", "CA") == california
        assert await _table(pricing, "us", " ca ") == california
        assert await _table(pricing, "US", None) == TaxTable({}, national)
        assert await _table(pricing, "US", "TX") == TaxTable({}, national)
        assert await _table(pricing, "CA", None) == TaxTable()
        assert await _table(pricing, "DE", "") == TaxTable()

    async def test_a_saved_rate_holds_from_then_on(self, pricing: PricingAdapter) -> None:
        rate = a_rate("DE", "16")
        await _add_rates(pricing, rate)

        async def work(tx: PricingTx) -> None:
            current = await tx.tax_rates.get(rate.id)
            current.set(Rate.parse("19"), at=NOW)
            await tx.tax_rates.save(current)

        await pricing.transactions.run(work)
        assert (await _table(pricing, "DE", None)).rate_for("standard").percent == "19"

    async def test_a_removed_rate_is_gone(self, pricing: PricingAdapter) -> None:
        rate = a_rate("DE", "19")
        await _add_rates(pricing, rate)

        async def remove(tx: PricingTx) -> None:
            current = await tx.tax_rates.get(rate.id)
            current.delete(expected=1, at=NOW)
            await tx.tax_rates.remove(current)

        await pricing.transactions.run(remove)
        assert await _table(pricing, "DE", None) == TaxTable()
        with pytest.raises(NotFound):
            await pricing.transactions.run(remove)

    async def test_a_rate_that_has_changed_since_it_was_read_is_neither_saved_nor_removed(
        self, pricing: PricingAdapter
    ) -> None:
        rate = a_rate("DE", "19")
        await _add_rates(pricing, rate)
        stale = a_rate("DE", "7")
        stale.id, stale.version = rate.id, 7

        async def save(tx: PricingTx) -> None:
            await tx.tax_rates.save(stale)

        async def remove(tx: PricingTx) -> None:
            await tx.tax_rates.remove(stale)

        for work in (save, remove):
            with pytest.raises(StaleVersion):
                await pricing.transactions.run(work)
        assert (await _table(pricing, "DE", None)).rate_for("standard").percent == "19"

    async def test_there_is_one_rate_for_a_place_and_category_however_many_set_it_at_once(
        self, pricing: PricingAdapter
    ) -> None:
        set_rate = SetTaxRate(pricing.transactions, _ids, SystemClock())
        commands = [SetTaxRateCommand(actor=operator(), country="DE", rate=str(n)) for n in range(4)]
        views = await asyncio.gather(*[set_rate(command) for command in commands])
        assert len({view.id for view in views}) == 1
        page = await pricing.pricing_views.tax_rates(PageRequest())
        assert [(rate.country, rate.region, rate.version) for rate in page.items] == [("DE", None, 4)]

    async def test_a_method_comes_back_as_it_was_written(self, pricing: PricingAdapter) -> None:
        brackets = (Bracket(up_to_g=1000, price=400), Bracket(up_to_g=LARGEST, price=LARGEST))
        tariffs = (Tariff(currency="EUR", brackets=brackets, free_above=0),)
        wanted = [
            a_method("flat"),
            a_method("heavy", kind=ShippingKind.BY_WEIGHT, tariffs=tariffs, countries=("DE", "AT"), active=False),
        ]
        await _add_methods(pricing, *wanted)

        async def work(tx: PricingTx) -> list[ShippingMethod]:
            return [await tx.shipping_methods.get(code) for code in ("flat", "heavy")]

        for got, method in zip(await pricing.transactions.run(work), wanted, strict=True):
            assert ShippingMethodView.of(got) == ShippingMethodView.of(method)
            assert await pricing.pricing_views.shipping_method(method.code) == ShippingMethodView.of(method)

    async def test_a_method_that_is_not_there_is_not_found(self, pricing: PricingAdapter) -> None:
        async def work(tx: PricingTx) -> ShippingMethod:
            return await tx.shipping_methods.get("nowhere")

        with pytest.raises(NotFound):
            await pricing.transactions.run(work)
        with pytest.raises(NotFound):
            await pricing.pricing_views.shipping_method("nowhere")

    async def test_a_code_is_given_once(self, pricing: PricingAdapter) -> None:
        results = await asyncio.gather(
            *[_add_methods(pricing, a_method("post")) for _ in range(4)], return_exceptions=True
        )
        refused = [result for result in results if result is not None]
        assert [type(error) for error in refused] == [CodeTaken] * 3
        assert isinstance(refused[0], CodeTaken)
        assert refused[0].data == {"code": "post"}

    async def test_a_changed_method_is_saved_once_for_each_version(self, pricing: PricingAdapter) -> None:
        await _add_methods(pricing, a_method("post"))

        async def work(tx: PricingTx) -> ShippingMethod:
            method = await tx.shipping_methods.get("post")
            method.change(expected=1, at=NOW, name="Post", countries=("DE",), active=False)
            await tx.shipping_methods.save(method)
            return method

        saved = await pricing.transactions.run(work)
        view = await pricing.pricing_views.shipping_method("post")
        assert view == ShippingMethodView.of(saved)
        assert (view.version, view.name, view.countries, view.active) == (2, "Post", ("DE",), False)

        saved.version = 1
        saved.change(expected=None, at=NOW, name="Late")

        async def late(tx: PricingTx) -> None:
            await tx.shipping_methods.save(saved)

        with pytest.raises(StaleVersion):
            await pricing.transactions.run(late)

    async def test_what_fails_leaves_nothing(self, pricing: PricingAdapter) -> None:
        async def work(tx: PricingTx) -> None:
            await tx.tax_rates.add(a_rate("DE", "19"))
            await tx.shipping_methods.add(a_method("post"))
            raise Invalid("test", "no")

        with pytest.raises(Invalid):
            await pricing.transactions.run(work)
        assert (await pricing.pricing_views.tax_rates(PageRequest())).items == ()
        assert (await pricing.pricing_views.shipping_methods(PageRequest())).items == ()

    async def test_rates_are_listed_page_by_page(self, pricing: PricingAdapter) -> None:
        rates = [a_rate(country, "5", region=region) for country in ("FR", "DE", "AT") for region in (None, "X1")]
        await _add_rates(pricing, *rates)
        views = pricing.pricing_views
        seen: list[TaxRateView] = []
        cursor = None
        while True:
            page = await views.tax_rates(PageRequest(limit=4, cursor=cursor))
            seen += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        assert [rate.country for rate in seen] == ["AT", "AT", "DE", "DE", "FR", "FR"]
        assert {rate.id for rate in seen} == {rate.id for rate in rates}
        german = await views.tax_rates(PageRequest(page=1, sort="-country"), country="DE")
        assert ([rate.region for rate in german.items], german.total) == (["X1", None], 2)

    async def test_methods_are_listed_by_code_and_offered_while_active(self, pricing: PricingAdapter) -> None:
        await _add_methods(pricing, a_method("c"), a_method("b", active=False), a_method("a"))
        views = pricing.pricing_views

        async def listed(active: bool | None) -> list[str]:
            page = await views.shipping_methods(PageRequest(), active=active)
            return [method.code for method in page.items]

        assert await listed(None) == ["a", "b", "c"]
        assert await listed(True) == ["a", "c"]
        assert await listed(False) == ["b"]
        assert [method.code for method in await views.offered()] == ["a", "c"]


async def _add_rates(pricing: PricingAdapter, *rates: TaxRate) -> None:
    async def work(tx: PricingTx) -> None:
        for rate in rates:
            await tx.tax_rates.add(rate)

    await pricing.transactions.run(work)


async def _add_methods(pricing: PricingAdapter, *methods: ShippingMethod) -> None:
    async def work(tx: PricingTx) -> None:
        for method in methods:
            await tx.shipping_methods.add(method)

    await pricing.transactions.run(work)


async def _table(pricing: PricingAdapter, country: str, region: str | None) -> TaxTable:
    async def work(tx: PricingTx) -> TaxTable:
        return await tx.tax_rates.rates_for(country, region)

    return await pricing.transactions.run(work)
