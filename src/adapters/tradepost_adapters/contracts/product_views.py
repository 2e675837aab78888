"""What every adapter shows of products and categories: filters, sorting, search, pages."""

# ruff: noqa: S101 - a suite asserts

from datetime import timedelta
from typing import Any

import pytest

from tradepost.catalog.ports import ProductFilter
from tradepost.catalog.product import Option, ProductStatus
from tradepost.catalog.search import question
from tradepost.catalog.views import ProductView
from tradepost.kernel.errors import Invalid
from tradepost.kernel.money import Money
from tradepost.kernel.pages import PageRequest
from tradepost.stock.level import DEFAULT_LOCATION, LevelChange, Reason
from tradepost_adapters.contracts.catalog import (
    NOW,
    CatalogAdapter,
    CatalogTx,
    a_category,
    a_product,
    a_variant,
    put,
)


async def listed(catalog: CatalogAdapter, sort: str | None = None, **wanted: Any) -> list[str]:
    page = await catalog.product_views.list(ProductFilter(**wanted), PageRequest(sort=sort))
    return [product.slug for product in page.items]


async def stock(catalog: CatalogAdapter, sku: str, on_hand: int, reserved: int = 0) -> None:
    async def work(tx: CatalogTx) -> None:
        await tx.stock.open([sku], location=DEFAULT_LOCATION)
        change = LevelChange(sku=sku, on_hand=on_hand, reserved=reserved)
        await tx.stock.apply([change], reason=Reason.RECEIVED, reference="test", actor="test", at=NOW)

    await catalog.transactions.run(work)


class ProductViewsContract:
    """Bind it with a fixture `catalog` that gives a `CatalogAdapter`."""

    async def test_the_newest_come_first_and_pages_leave_nothing_out(self, catalog: CatalogAdapter) -> None:
        slugs = [f"p{n}" for n in range(7)]
        await put(
            catalog, *[a_product(slug, created_at=NOW + timedelta(seconds=n // 2)) for n, slug in enumerate(slugs)]
        )
        seen: list[ProductView] = []
        cursor = None
        while True:
            page = await catalog.product_views.list(ProductFilter(), PageRequest(limit=3, cursor=cursor))
            seen += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        assert [product.slug for product in seen] == slugs[::-1]
        assert [product for product in seen if product != await catalog.product_views.get(product.id)] == []
        numbered = await catalog.product_views.list(ProductFilter(), PageRequest(limit=3, page=3))
        assert ([product.slug for product in numbered.items], numbered.total) == (["p0"], 7)

    async def test_titles_are_sorted_as_people_read_them(self, catalog: CatalogAdapter) -> None:
        titles = {"c": "Zebra", "a": "apple", "b": "Äpfel", "d": "zoo", "e": "10 things", "f": "Apple b"}
        await put(catalog, *[a_product(slug, title=title) for slug, title in titles.items()])
        ascending = ["e", "b", "a", "f", "c", "d"]
        assert await listed(catalog, "title") == ascending
        assert await listed(catalog, "-title") == ascending[::-1]
        first = await catalog.product_views.list(ProductFilter(), PageRequest(limit=3, sort="title"))
        rest = await catalog.product_views.list(
            ProductFilter(), PageRequest(limit=3, sort="title", cursor=first.next_cursor)
        )
        assert [product.slug for product in first.items + rest.items] == ascending

    async def test_products_are_chosen_by_status(self, catalog: CatalogAdapter) -> None:
        await put(catalog, *[a_product(status.value, status=status) for status in ProductStatus])
        for status in ProductStatus:
            assert await listed(catalog, status=status) == [status.value]
        assert len(await listed(catalog)) == 3

    async def test_a_category_shows_what_lies_in_it_and_under_it(self, catalog: CatalogAdapter) -> None:
        clothes = a_category("clothes")
        shirts = a_category("shirts", clothes)
        polos, food = a_category("polos", shirts), a_category("food")
        products = [
            a_product(slug, category_ids=tuple(sorted(each.id for each in where)))
            for slug, *where in (("coat", clothes), ("tee", shirts), ("polo", polos, clothes), ("egg", food), ("none",))
        ]
        await put(catalog, clothes, shirts, polos, food, *products)
        assert await listed(catalog, "title", category="clothes") == ["coat", "polo", "tee"]
        assert await listed(catalog, "title", category=shirts.id) == ["polo", "tee"]
        assert await listed(catalog, category="polos") == ["polo"]
        assert await listed(catalog, category="nowhere") == []
        numbered = await catalog.product_views.list(ProductFilter(category="clothes"), PageRequest(page=1))
        assert numbered.total == 3

    async def test_prices_are_those_of_a_currency_and_the_lowest_counts(self, catalog: CatalogAdapter) -> None:
        eur = [
            a_product(f"p{low}", a_variant(f"A{low}", Money(low + 900, "EUR")), a_variant(f"B{low}", Money(low, "EUR")))
            for low in (300, 100, 200)
        ]
        both = a_product("both", a_variant("BOTH", Money(150, "EUR"), Money(9, "USD")), status=ProductStatus.DRAFT)
        await put(catalog, *eur, both, a_product("usd", a_variant("USD", Money(50, "USD"))))
        assert await listed(catalog, "price", currency="EUR") == ["p100", "both", "p200", "p300"]
        assert await listed(catalog, "-price", currency="EUR", status=ProductStatus.ACTIVE) == ["p300", "p200", "p100"]
        assert await listed(catalog, "price", currency="EUR", price_min=150, price_max=200) == ["both", "p200"]
        assert await listed(catalog, "price", currency="EUR", price_max=99) == []
        assert await listed(catalog, "title", currency="USD") == ["both", "usd"]
        assert await listed(catalog, currency="JPY") == []
        first = await catalog.product_views.list(ProductFilter(currency="EUR"), PageRequest(limit=2, sort="price"))
        rest = await catalog.product_views.list(
            ProductFilter(currency="EUR"), PageRequest(limit=2, sort="price", cursor=first.next_cursor)
        )
        assert [product.slug for product in rest.items] == ["p200", "p300"]

    async def test_a_changed_price_and_status_count_at_once(self, catalog: CatalogAdapter) -> None:
        product = a_product("mug", a_variant("MUG", Money(500, "EUR")))
        await put(catalog, product)

        async def work(tx: CatalogTx) -> None:
            mug = await tx.products.of_sku("MUG")
            mug.set_prices("MUG", (Money(100, "EUR"), Money(7, "USD")), at=NOW)
            mug.set_status(ProductStatus.ARCHIVED, at=NOW)
            await tx.products.save(mug)

        await catalog.transactions.run(work)
        assert await listed(catalog, currency="EUR", price_max=100, status=ProductStatus.ARCHIVED) == ["mug"]
        assert await listed(catalog, currency="EUR", status=ProductStatus.ACTIVE) == []
        assert await listed(catalog, currency="USD") == ["mug"]

    async def test_option_values_have_to_meet_in_one_variant(self, catalog: CatalogAdapter) -> None:
        options = (Option(name="Size", values=("S", "M")), Option(name="Größe:x", values=("rot", "7")))
        small = a_variant("S", options={"Size": "S", "Größe:x": "rot"})
        other = a_variant("M", options={"Size": "M", "Größe:x": "7"})
        await put(catalog, a_product("tee", small, other, options=options), a_product("mug"))
        assert await listed(catalog, options={"Size": "S"}) == ["tee"]
        assert await listed(catalog, options={"Größe:x": "7", "Size": "M"}) == ["tee"]
        assert await listed(catalog, options={"Size": "M", "Größe:x": "rot"}) == []
        assert await listed(catalog, options={"size": "S"}) == []

    async def test_what_can_be_bought_now_is_told_from_what_can_not(self, catalog: CatalogAdapter) -> None:
        await put(
            catalog,
            a_product("full", a_variant("F1"), a_variant("F2")),
            a_product("promised", a_variant("P")),
            a_product("never", a_variant("N")),
            a_product("ebook", a_variant("E", tracked=False)),
        )
        await stock(catalog, "F2", 1)
        await stock(catalog, "P", 2, 2)
        assert await listed(catalog, "title", in_stock=True) == ["ebook", "full"]
        assert await listed(catalog, "title", in_stock=False) == ["never", "promised"]
        assert await catalog.product_views.available(["F1", "F2", "P", "N", "none"]) == {"F2": 1, "P": 0}
        assert await catalog.product_views.available([]) == {}

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("becher", ["mug"]),
            ("BLAUER Becher", ["mug"]),
            ("becher blau", ["mug"]),
            ("becher blauer grosse", ["mug"]),
            ("Größe", ["mug"]),
            ("blau becher", []),  # only the last word may be a beginning
            ("mug-blue", ["mug"]),
            ("blue mug", ["mug"]),
            ("400638", ["mug"]),
            ("creme brulee", ["dessert"]),
            ("CRÈME BRÛL", ["dessert"]),
            ("b", ["mug", "dessert", "tokyo"]),
            ("東京", ["tokyo"]),
            ("タワー", ["tokyo"]),
            ("o'neill", ["tokyo"]),
            ("becher tokyo", []),
            ('" OR 1 NEAR( becher*', []),
            ("or", []),
            ("\N{FULLWIDTH DIGIT FOUR}\N{FULLWIDTH DIGIT TWO}", ["dessert"]),
        ],
    )
    async def test_every_word_has_to_be_there_and_of_the_last_one_the_beginning(
        self, catalog: CatalogAdapter, text: str, found: list[str]
    ) -> None:
        await put(
            catalog,
            a_product(
                "mug",
                a_variant("MUG-BLUE", barcode="4006381333931", options={"Size": "Größe 7"}),
                options=(Option(name="Size", values=("Größe 7",)),),
                title="Blauer Becher",
            ),
            a_product("dessert", title="Crème brûlée", description="No. 42"),
            a_product("tokyo", title="東京 タワー", description="by O'Neill's"),
        )
        assert await listed(catalog, "title", words=question(text)) == found

    async def test_search_follows_changes(self, catalog: CatalogAdapter) -> None:
        product = a_product("mug", title="Old words")
        await put(catalog, product, a_product("other", title="Old things"))

        async def work(tx: CatalogTx) -> None:
            mug = await tx.products.get(product.id)
            mug.title = "New words"
            mug.changed(at=NOW)
            await tx.products.save(mug)

        await catalog.transactions.run(work)
        assert await listed(catalog, words=("old",)) == ["other"]
        assert await listed(catalog, words=("new", "word")) == ["mug"]

    async def test_filters_hold_together(self, catalog: CatalogAdapter) -> None:
        tops = a_category("tops")
        options = (Option(name="Size", values=("S", "M")),)
        await put(
            catalog,
            tops,
            *[
                a_product(
                    f"tee{n}",
                    a_variant(f"T{n}", Money(100 * n, "EUR"), options={"Size": "SM"[n % 2]}),
                    title=f"Tee {n}",
                    options=options,
                    category_ids=(tops.id,) if n > 1 else (),
                )
                for n in range(6)
            ],
        )
        for n in range(6):
            await stock(catalog, f"T{n}", n)
        wanted = ProductFilter(
            status=ProductStatus.ACTIVE,
            category="tops",
            currency="EUR",
            price_min=0,
            price_max=400,
            in_stock=True,
            options={"Size": "S"},
            words=("tee",),
        )
        page = await catalog.product_views.list(wanted, PageRequest(sort="-price", page=1))
        assert ([product.slug for product in page.items], page.total) == (["tee4", "tee2"], 2)

    async def test_lists_refuse_what_they_can_not_sort_by(self, catalog: CatalogAdapter) -> None:
        with pytest.raises(Invalid, match=r"page\.invalid"):
            await listed(catalog, "price")
        with pytest.raises(Invalid, match=r"page\.invalid"):
            await listed(catalog, "color", currency="EUR")

    async def test_categories_are_listed_by_position_and_by_name(self, catalog: CatalogAdapter) -> None:
        top = a_category("top", position=5, name="zeta")
        one, two = a_category("one", top, position=2, name="Ähre"), a_category("two", top, position=1, name="beta")
        await put(catalog, top, one, two)

        async def slugs(sort: str | None = None, parent: str | None = None) -> list[str]:
            page = await catalog.product_views.categories(PageRequest(sort=sort), parent=parent)
            return [category.slug for category in page.items]

        assert await slugs() == ["two", "one", "top"]
        assert await slugs("name") == ["one", "two", "top"]
        assert await slugs(parent=top.id) == ["two", "one"]
        assert await slugs(parent=one.id) == []
