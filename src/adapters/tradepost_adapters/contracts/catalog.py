"""What every adapter of products and categories keeps to."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest

from tradepost.catalog.category import Category
from tradepost.catalog.errors import CategoryNotEmpty, CategorySlugTaken, ExternalIdTaken, SkuTaken, SlugTaken
from tradepost.catalog.ports import Categories, Products, ProductViews
from tradepost.catalog.product import Image, Option, Product, ProductStatus, Variant
from tradepost.catalog.views import CategoryView, ProductView
from tradepost.kernel.errors import Conflict, NotFound
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.kernel.transactions import StaleVersion, Transactions
from tradepost.stock.ports import StockLevels

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
ids = TypeIds()


class CatalogTx(Protocol):
    """What the suites write with."""

    @property
    def products(self) -> Products: ...

    @property
    def categories(self) -> Categories: ...

    @property
    def stock(self) -> StockLevels: ...


class CatalogAdapter(Protocol):
    """An adapter under test, empty at the start of each test."""

    @property
    def transactions(self) -> Transactions[CatalogTx]: ...

    @property
    def product_views(self) -> ProductViews: ...


def a_variant(sku: str, *prices: Money, **more: Any) -> Variant:
    return Variant(id=ids.new("var"), sku=sku, prices=prices or (Money(1000, "EUR"),), **more)


def a_product(slug: str, *variants: Variant, **more: Any) -> Product:
    values: dict[str, Any] = {
        "id": ids.new("prod"),
        "slug": slug,
        "title": f"Product {slug}",
        "status": ProductStatus.ACTIVE,
        "variants": variants or (a_variant(slug.upper()),),
        "created_at": NOW,
        "updated_at": NOW,
    }
    product = Product(**(values | more))
    product.created(at=product.created_at)
    return product


def a_category(slug: str, parent: Category | None = None, **more: Any) -> Category:
    name = more.pop("name", slug.title())
    category = Category(
        id=ids.new("cat"), slug=slug, name=name, parent_id=parent.id if parent else None, created_at=NOW, **more
    )
    category.created(at=NOW)
    return category


async def put(adapter: CatalogAdapter, *things: Product | Category) -> None:
    """Add products and categories in one transaction."""

    async def work(tx: CatalogTx) -> None:
        for thing in things:
            if isinstance(thing, Product):
                await tx.products.add(thing)
            else:
                await tx.categories.add(thing)

    await adapter.transactions.run(work)


class CatalogContract:
    """Bind it with a fixture `catalog` that gives a `CatalogAdapter`."""

    async def test_a_product_comes_back_as_it_was_written(self, catalog: CatalogAdapter) -> None:
        shirts, sale = a_category("shirts"), a_category("sale")
        size = Option(name="Size", values=("S", "Größe M"))
        wanted = a_product(
            "shirt",
            a_variant("B-1", Money(10**12, "KWD"), Money(0, "USD"), options={"Size": "Größe M"}, title="M"),
            a_variant("A-2", Money(5, "JPY"), weight_g=10, tracked=False, barcode="4006381333931", tax_category="food"),
            a_variant("C-3", options={"Size": "S"}),
            description="Long \N{RIGHTWARDS ARROW} text",
            options=(size,),
            category_ids=tuple(sorted((shirts.id, sale.id))),
            images=(Image(url="https://example.com/1.png", alt="One"), Image(url="https://example.com/2.png")),
            external_id="ext-1",
            metadata={"k": "v"},
        )
        await put(catalog, shirts, sale, wanted)

        async def work(tx: CatalogTx) -> list[Product | None]:
            products = tx.products
            return [
                await products.get(wanted.id),
                await products.of_sku("A-2"),
                await products.of_external_id("ext-1"),
                await products.of_external_id("ext-2"),
            ]

        *found, none = await catalog.transactions.run(work)
        assert none is None
        for product in found:
            assert product is not None
            assert ProductView.of(product) == ProductView.of(wanted)
        views = catalog.product_views
        assert await views.get(wanted.id) == await views.get("shirt") == ProductView.of(wanted)

    async def test_what_is_not_there_is_not_found(self, catalog: CatalogAdapter) -> None:
        async def by_id(tx: CatalogTx) -> None:
            await tx.products.get("prod_none")

        async def by_sku(tx: CatalogTx) -> None:
            await tx.products.of_sku("none")

        async def category(tx: CatalogTx) -> None:
            await tx.categories.get("cat_none")

        for work in (by_id, by_sku, category):
            with pytest.raises(NotFound):
                await catalog.transactions.run(work)
        for look in (catalog.product_views.get, catalog.product_views.category):
            with pytest.raises(NotFound):
                await look("none")

    async def test_a_saved_product_has_its_new_parts_and_none_of_the_old(self, catalog: CatalogAdapter) -> None:
        shirts = a_category("shirts")
        product = a_product("shirt", a_variant("S"), a_variant("M", Money(5, "USD")), category_ids=(shirts.id,))
        await put(catalog, shirts, product)
        kept = product.variants[1]

        async def work(tx: CatalogTx) -> Product:
            saved = await tx.products.get(product.id)
            saved.slug, saved.title = "tee", "Tee"
            saved.variants = (kept, a_variant("L"))
            saved.category_ids = ()
            saved.changed(at=NOW)
            await tx.products.save(saved)
            return saved

        saved = await catalog.transactions.run(work)
        view = await catalog.product_views.get("tee")
        assert view == ProductView.of(saved)
        assert (view.version, [variant.sku for variant in view.variants]) == (2, ["M", "L"])
        assert view.variants[0].id == kept.id
        with pytest.raises(NotFound):
            await catalog.product_views.get("shirt")

    async def test_a_product_that_has_changed_since_it_was_read_is_not_saved(self, catalog: CatalogAdapter) -> None:
        product = a_product("shirt")
        await put(catalog, product)
        product.version = 7
        product.title = "Late"

        async def work(tx: CatalogTx) -> None:
            await tx.products.save(product)

        with pytest.raises(StaleVersion):
            await catalog.transactions.run(work)
        assert (await catalog.product_views.get("shirt")).title == "Product shirt"

    @pytest.mark.parametrize(
        ("second", "refusal"),
        [
            ({"slug": "first"}, SlugTaken),
            ({"slug": "other", "external_id": "e"}, ExternalIdTaken),
            ({"slug": "other", "variants": (a_variant("FIRST"),)}, SkuTaken),
        ],
    )
    async def test_slugs_skus_and_external_ids_are_given_once(
        self, catalog: CatalogAdapter, second: dict[str, Any], refusal: type[Conflict]
    ) -> None:
        other = a_product("third")
        await put(catalog, a_product("first", external_id="e"), other)
        with pytest.raises(refusal):
            await put(catalog, a_product(**second))

        async def change(tx: CatalogTx) -> None:
            product = await tx.products.get(other.id)
            for name, value in second.items():
                setattr(product, name, value)
            await tx.products.save(product)

        with pytest.raises(refusal):
            await catalog.transactions.run(change)
        assert (await catalog.product_views.get("third")).version == 1

    async def test_one_of_many_who_want_the_same_slug_gets_it(self, catalog: CatalogAdapter) -> None:
        tries = [put(catalog, a_product("shirt", a_variant(f"SKU-{n}"))) for n in range(4)]
        results = await asyncio.gather(*tries, return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["NoneType", *["SlugTaken"] * 3]

    async def test_a_category_comes_back_as_it_was_written(self, catalog: CatalogAdapter) -> None:
        top = a_category("clothes", position=3, name="Clothes – größer")
        below = a_category("shirts", top)
        await put(catalog, top, below)

        async def work(tx: CatalogTx) -> list[Category]:
            return [await tx.categories.get(each.id) for each in (top, below)]

        for got, wanted in zip(await catalog.transactions.run(work), (top, below), strict=True):
            assert CategoryView.of(got) == CategoryView.of(wanted)
            assert await catalog.product_views.category(wanted.slug) == CategoryView.of(wanted)
            assert await catalog.product_views.category(wanted.id) == CategoryView.of(wanted)

    async def test_the_way_up_leads_from_a_category_to_the_top(self, catalog: CatalogAdapter) -> None:
        one = a_category("one")
        two = a_category("two", one)
        three = a_category("three", two)
        await put(catalog, one, two, three, a_category("other", two))

        async def work(tx: CatalogTx) -> tuple[Any, ...]:
            categories = tx.categories
            return (
                await categories.way_up(three.id),
                await categories.way_up(one.id),
                await categories.way_up("cat_none"),
                await categories.missing([three.id, "cat_none", one.id]),
            )

        assert await catalog.transactions.run(work) == (
            (three.id, two.id, one.id),
            (one.id,),
            (),
            ("cat_none",),
        )

    async def test_two_moves_at_once_make_no_circle(self, catalog: CatalogAdapter) -> None:
        one, two = a_category("one"), a_category("two")
        await put(catalog, one, two)

        async def move(what: str, to: str) -> None:
            async def work(tx: CatalogTx) -> None:
                category = await tx.categories.get(what)
                category.move(to, await tx.categories.way_up(to))
                category.changed(at=NOW)
                await tx.categories.save(category)

            await catalog.transactions.run(work)

        results = await asyncio.gather(move(one.id, two.id), move(two.id, one.id), return_exceptions=True)
        refused = [result for result in results if result is not None]
        assert [getattr(error, "code", error) for error in refused] == ["category.cycle"]

    async def test_a_category_slug_is_given_once(self, catalog: CatalogAdapter) -> None:
        other = a_category("other")
        await put(catalog, a_category("shirts"), other)
        with pytest.raises(CategorySlugTaken):
            await put(catalog, a_category("shirts"))

        async def rename(tx: CatalogTx) -> None:
            category = await tx.categories.get(other.id)
            category.slug = "shirts"
            await tx.categories.save(category)

        with pytest.raises(CategorySlugTaken):
            await catalog.transactions.run(rename)

    async def test_only_an_empty_category_is_removed(self, catalog: CatalogAdapter) -> None:
        top = a_category("top")
        below, filled = a_category("below", top), a_category("filled")
        await put(catalog, top, below, filled, a_product("shirt", category_ids=(filled.id,)))

        async def remove(category_id: str) -> None:
            async def work(tx: CatalogTx) -> None:
                category = await tx.categories.get(category_id)
                category.delete(at=NOW)
                await tx.categories.remove(category)

            await catalog.transactions.run(work)

        for not_empty in (top, filled):
            with pytest.raises(CategoryNotEmpty):
                await remove(not_empty.id)
        await remove(below.id)
        await remove(top.id)
        with pytest.raises(NotFound):
            await catalog.product_views.category("top")
