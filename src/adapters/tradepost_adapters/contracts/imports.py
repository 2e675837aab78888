"""What every adapter keeps to that takes orders and products by the hundred."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest

from tradepost.catalog.ports import HasProducts, ProductFilter, ProductViews
from tradepost.catalog.product import Product, ProductStatus, Variant
from tradepost.customers.customer import Customer
from tradepost.customers.ports import CustomerViews
from tradepost.imports.history import order_of, payment_of
from tradepost.imports.order_columns import PlannedOrder
from tradepost.imports.ports import CatalogImportTx, HistoryTx, KnownOrder
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.kernel.pages import PageRequest
from tradepost.kernel.transactions import StaleVersion, Transactions
from tradepost.orders.order import Order
from tradepost.orders.ports import HasOrders, OrderFilter, OrderViews
from tradepost.orders.views import OrderView
from tradepost.pricing.totals import TaxedLine

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
_ids = TypeIds()


class ImportTx(HistoryTx, CatalogImportTx, HasOrders, HasProducts, Protocol):
    """What the suite touches."""


class ImportsAdapter(Protocol):
    """An adapter under test, empty at the start of each test."""

    @property
    def transactions(self) -> Transactions[ImportTx]: ...

    @property
    def order_views(self) -> OrderViews: ...

    @property
    def product_views(self) -> ProductViews: ...

    @property
    def customer_views(self) -> CustomerViews: ...


def planned(external_id: str, *cents: int) -> PlannedOrder:
    lines = tuple(
        TaxedLine(
            sku=f"S{place}",
            quantity=2,
            unit_price=Money(amount, "USD"),
            total=Money(2 * amount, "USD"),
            net=Money(2 * amount, "USD"),
            tax=Money(0, "USD"),
            gross=Money(2 * amount, "USD"),
            rate="0",
            inclusive=True,
            tax_category="0",
        )
        for place, amount in enumerate(cents)
    )
    return PlannedOrder(external_id, None, NOW, "USD", lines, ("",) * len(cents), 0)


def a_product(name: str, **more: Any) -> Product:
    variant = Variant(id=_ids.new("var"), sku=f"SKU-{name}", title="large", prices=(Money(500, "USD"),))
    given: dict[str, Any] = {"id": _ids.new("prod"), "status": ProductStatus.ACTIVE, "created_at": NOW}
    given |= {"updated_at": NOW, "slug": name, "title": f"The {name}", "external_id": f"ext-{name}"}
    product = Product(**(given | {"variants": (variant,)} | more))
    product.created(at=NOW)
    return product


class ImportsContract:
    """Bind it with a fixture `imports` that gives an `ImportsAdapter`."""

    async def test_orders_come_back_as_they_were_written(self, imports: ImportsAdapter) -> None:
        customer = Customer(id=_ids.new("cus"), external_id="c1", created_at=NOW)
        orders = await _add(imports, [planned("A1", 199, 0), planned("A2")], [customer])
        for order in orders:
            view = await imports.order_views.get(order.id)
            assert view == OrderView.of(await _order(imports, order.id))
            assert (view.version, view.external_id, view.captured) == (1, order.external_id, order.total)
            assert view.lines == order.lines
            (payment,) = await imports.order_views.payments(order.id)
            assert (payment.method, payment.captured) == ("external", order.total)
            assert [entry.action for entry in await imports.order_views.history(order.id)] == ["imported"]
        assert (await imports.customer_views.get(customer.id)).external_id == "c1"
        assert orders[0].customer_id == customer.id

    async def test_what_is_known_is_found_by_what_others_call_it(self, imports: ImportsAdapter) -> None:
        customer = Customer(id=_ids.new("cus"), external_id="c1", created_at=NOW)
        await _add(imports, [planned("A1", 199, 1)], [customer])

        async def work(tx: ImportTx) -> None:
            book = tx.history_book
            assert await book.known(["A1", "A2", "", "%"]) == {"A1": KnownOrder("USD", 400, 2)}
            assert await book.known([]) == {}
            assert await book.customers(["c1", "c2"]) == {"c1": customer.id}
            assert await book.names(["S1"]) == {}

        await imports.transactions.run(work)

    async def test_numbers_are_new_and_rising(self, imports: ImportsAdapter) -> None:
        async def work(tx: ImportTx) -> list[int]:
            return list(await tx.history_book.numbers(45))

        first = await imports.transactions.run(work)
        assert (len(first), first) == (45, sorted(set(first)))
        (order,) = await _add(imports, [planned("A1", 1)])

        async def following(tx: ImportTx) -> int:
            return await tx.orders.next_number()

        assert await imports.transactions.run(following) > order.number
        assert await imports.transactions.run(following) not in first or order.number == first[0]

    async def test_one_of_two_who_add_the_same_looks_again(self, imports: ImportsAdapter) -> None:
        added: list[int] = []

        async def work(tx: ImportTx) -> None:
            book = tx.history_book
            known = await book.known(["A1", "A2"])
            new = [each for each in (planned("A1", 1), planned("A2", 2)) if each.external_id not in known]
            if new:
                await _write(tx, new)
            added.append(len(new))

        await asyncio.gather(*[imports.transactions.run(work) for _ in range(4)])
        assert 0 in added
        (total,) = await imports.order_views.totals(OrderFilter())
        assert (total.orders, total.total) == (2, Money(6, "USD"))

    async def test_what_is_there_already_can_not_be_added(self, imports: ImportsAdapter) -> None:
        await _add(imports, [planned("A1", 1)], [Customer(id=_ids.new("cus"), external_id="c1", created_at=NOW)])
        await _products(imports, a_product("milk"))
        with pytest.raises(StaleVersion):
            await _add(imports, [planned("A2", 1), planned("A1", 1)])
        with pytest.raises(StaleVersion):
            await _add(imports, [planned("A2", 1)], [Customer(id=_ids.new("cus"), external_id="c1", created_at=NOW)])
        for taken in (
            a_product("milk", external_id="other"),
            a_product("other", variants=a_product("milk").variants),
            a_product("other", external_id="ext-milk"),
        ):
            with pytest.raises(StaleVersion):
                await _products(imports, a_product("new"), taken)
        (total,) = await imports.order_views.totals(OrderFilter())
        assert total.orders == 1
        assert len((await imports.product_views.list(ProductFilter(), PageRequest())).items) == 1

    async def test_products_come_back_whole_and_are_found_by_any_of_their_names(self, imports: ImportsAdapter) -> None:
        milk, tea = a_product("milk"), a_product("tea", variants=(), status=ProductStatus.DRAFT, metadata={"a": "b"})
        await _products(imports, milk, tea)

        async def work(tx: ImportTx) -> None:
            book = tx.catalog_book
            found = await book.products(["ext-milk", "ext-tea", "ext-none"])
            assert {name: (each.id, each.version) for name, each in found.items()} == {
                "ext-milk": (milk.id, 1),
                "ext-tea": (tea.id, 1),
            }
            assert (found["ext-milk"].variants, found["ext-tea"].metadata) == (milk.variants, {"a": "b"})
            assert await book.owners_of_skus(["SKU-milk", "SKU-none"]) == {"SKU-milk": milk.id}
            assert await book.owners_of_slugs(["milk", "none"]) == {"milk": milk.id}
            assert await tx.history_book.names(["SKU-milk", "SKU-none"]) == {"SKU-milk": "The milk – large"}
            assert (await tx.products.get(milk.id)).variants == milk.variants
            await book.add([])

        await imports.transactions.run(work)
        page = await imports.product_views.list(ProductFilter(words=("milk",)), PageRequest())
        assert [each.id for each in page.items] == [milk.id]

    async def test_what_fails_leaves_nothing(self, imports: ImportsAdapter) -> None:
        async def work(tx: ImportTx) -> None:
            await _write(tx, [planned("A1", 1)])
            await tx.catalog_book.add([a_product("milk")])
            raise KeyError

        with pytest.raises(KeyError):
            await imports.transactions.run(work)
        assert await imports.order_views.totals(OrderFilter()) == ()
        assert (await imports.product_views.list(ProductFilter(), PageRequest())).items == ()


async def _write(tx: ImportTx, new: Sequence[PlannedOrder], customers: Sequence[Customer] = ()) -> list[Order]:
    numbers = await tx.history_book.numbers(len(new))
    orders = [
        order_of(
            each,
            order_id=_ids.new("order"),
            number=number,
            customer_id=customers[0].id if customers else None,
            names={},
            by="test",
            at=NOW,
        )
        for each, number in zip(new, numbers, strict=True)
    ]
    await tx.history_book.add(customers, orders, [payment_of(order, _ids, by="test", at=NOW) for order in orders])
    return orders


async def _add(imports: ImportsAdapter, new: Sequence[PlannedOrder], customers: Sequence[Customer] = ()) -> list[Order]:
    async def work(tx: ImportTx) -> list[Order]:
        return await _write(tx, new, customers)

    return await imports.transactions.run(work)


async def _products(imports: ImportsAdapter, *products: Product) -> None:
    async def work(tx: ImportTx) -> None:
        await tx.catalog_book.add(products)

    await imports.transactions.run(work)


async def _order(imports: ImportsAdapter, order_id: str) -> Order:
    async def work(tx: ImportTx) -> Order:
        return await tx.orders.get(order_id)

    return await imports.transactions.run(work)
