"""The catalog's use cases on every backend, read through a cache."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from tests.shop.conftest import BUYER, OWNER, Stand, order

from tradepost.catalog import (
    CategoryNotEmpty,
    CreateCategoryCommand,
    CreateProductCommand,
    DeleteCategoryCommand,
    GetCategoryQuery,
    GetProductQuery,
    Image,
    ListCategoriesQuery,
    ListProductsQuery,
    Option,
    ProductFilter,
    ProductStatus,
    ProductView,
    SetPricesCommand,
    SetProductStatusCommand,
    UpdateCategoryCommand,
    UpdateProductCommand,
    VariantInput,
)
from tradepost.catalog.events import ProductChanged
from tradepost.catalog.reading import CatalogReading
from tradepost.kernel.access import GUEST, Actor, Role
from tradepost.kernel.errors import Conflict, Invalid, Kind, NotFound, PreconditionFailed, TradepostError
from tradepost.kernel.events import Message, event_type
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost.kernel.money import Money
from tradepost.kernel.pages import PageRequest
from tradepost.kernel.transactions import Unavailable
from tradepost.shop import Shop
from tradepost_adapters.memory.cache import MemoryCache

SUPPORT = Actor(id="user_support", role=Role.SUPPORT)


@dataclass
class Store:
    """The shop with a cache in front of it."""

    shop: Shop
    stand: Stand

    async def create(self, title: str, *skus: str, **more: Any) -> ProductView:
        variants = more.pop("variants", None) or tuple(
            VariantInput(sku=sku, prices=(Money(1000, "EUR"),)) for sku in skus or (title.upper(),)
        )
        values: dict[str, Any] = {"actor": OWNER, "status": ProductStatus.ACTIVE}
        return await self.shop.create_product(CreateProductCommand(title=title, variants=variants, **(values | more)))

    async def update(self, product_id: str, **changes: Any) -> ProductView:
        return await self.shop.update_product(UpdateProductCommand(actor=OWNER, product_id=product_id, **changes))

    async def get(self, product: str, actor: Actor = GUEST) -> ProductView:
        return await self.shop.get_product(GetProductQuery(actor=actor, product=product))

    async def slugs(self, actor: Actor = GUEST, **query: Any) -> list[str]:
        sort = query.pop("sort", "title")
        page = await self.shop.list_products(
            ListProductsQuery(actor=actor, text=query.pop("text", None), wanted=ProductFilter(**query),
                              page=PageRequest(sort=sort))
        )  # fmt: skip
        return [product.slug for product in page.items]

    async def category(self, name: str, **more: Any) -> str:
        view = await self.shop.create_category(CreateCategoryCommand(actor=OWNER, name=name, **more))
        return view.id


@pytest.fixture
def store(stand: Stand) -> Store:
    shop = Shop(stand.backend, gateway=stand.gateway, secret=b"0" * 16, clock=stand.clock, cache=MemoryCache())
    return Store(shop, stand)


async def test_a_product_is_created_read_and_listed(store: Store) -> None:
    made = await store.create(
        "Größe Shirt",
        variants=(
            VariantInput(sku="S", options={"Size": "S"}, prices=(Money(900, "USD"), Money(1000, "EUR"))),
            VariantInput(sku="E", tracked=False),
        ),
        options=(Option(name="Size", values=("S", "M")),),
        images=(Image(url="https://example.com/a.png"),),
        external_id="x-1",
        metadata={"a": "b"},
    )
    assert (made.slug, made.version, made.created_at) == ("grosse-shirt", 1, store.stand.clock.now())
    assert [(variant.sku, variant.available) for variant in made.variants] == [("S", 0), ("E", None)]
    assert [price.currency for price in made.variants[0].prices] == ["EUR", "USD"]
    assert await store.get(made.id) == await store.get("grosse-shirt") == made
    assert await store.slugs(text="shi") == ["grosse-shirt"]
    assert await store.slugs(text="!?") == []


async def test_the_same_key_makes_one_product(store: Store) -> None:
    def key(fingerprint: str = "f") -> IdempotencyKey:
        return IdempotencyKey(scope="o", key="k", fingerprint=fingerprint)

    first = await store.create("Mug", idempotency=key())
    second_key = key()
    assert await store.create("Mug", idempotency=second_key) == first
    assert second_key.replayed
    with pytest.raises(Invalid, match="key_reused"):
        await store.create("Mug", idempotency=key("other"))


async def test_every_fault_of_a_product_is_named_at_once(store: Store) -> None:
    with pytest.raises(Invalid) as refused:
        await store.create(
            " ",
            slug="No Slug",
            variants=(
                VariantInput(sku=" bad", prices=(Money(-1, "EUR"), Money(1, "EUR"), Money(1, "XXX"))),
                VariantInput(sku="A", weight_g=-1, options={"Size": "M"}),
                VariantInput(sku="A", tax_category="", barcode=""),
            ),
            options=(Option(name="Size", values=("S", "S")), Option(name="", values=())),
            images=(Image(url="ftp://x"),),
            metadata={"k" * 41: ""},
            external_id="",
        )
    assert {fault.pointer for fault in refused.value.faults} == {
        "/slug", "/title", "/images/0/url", "/metadata", "/external_id", "/options/0/values", "/options/1/name",
        "/options/1/values", "/variants/0/sku", "/variants/0/prices/0/amount",
        "/variants/0/prices/1/currency", "/variants/0/prices/2/currency", "/variants/1/weight_g", "/variants/1/options",
        "/variants/2/sku", "/variants/2/tax_category", "/variants/2/barcode",
    }  # fmt: skip
    await store.create("Cup")
    with pytest.raises(Invalid) as refused:
        await store.shop.set_prices(
            SetPricesCommand(actor=OWNER, sku="CUP", prices=(Money(1, "USD"), Money(1, "EUR"), Money(-1, "EUR")))
        )
    assert [fault.pointer for fault in refused.value.faults] == ["/prices/2/currency", "/prices/2/amount"]
    with pytest.raises(Invalid) as refused:
        await store.create("Mug", category_ids=("cat_none",))
    assert [fault.pointer for fault in refused.value.faults] == ["/category_ids/0"]


async def test_what_is_not_given_stays_and_what_is_given_is_replaced(store: Store) -> None:
    made = await store.create("Mug", "A", "B", external_id="e", metadata={"a": "1"}, description="Long")
    changed = await store.update(
        made.id,
        title="Cup",
        external_id=None,
        variants=(
            VariantInput(sku="B", prices=(Money(5, "EUR"),)),
            VariantInput(sku="C", id=made.variants[0].id, prices=(Money(7, "EUR"),)),
        ),
    )
    assert (changed.title, changed.external_id, changed.slug, changed.description) == ("Cup", None, "mug", "Long")
    assert [variant.id for variant in changed.variants] == [made.variants[1].id, made.variants[0].id]
    assert (await store.update(made.id, title="Cup")).version == changed.version, "no change, no version"
    with pytest.raises(Invalid, match=r"product\.invalid"):
        await store.update(made.id, variants=(VariantInput(sku="X", id="var_none"),))
    with pytest.raises(PreconditionFailed):
        await store.update(made.id, title="Late", expected_version=1)
    with pytest.raises(NotFound):
        await store.update("prod_none", title="None")


async def test_only_a_priced_product_is_published_and_it_stays_so(store: Store) -> None:
    made = await store.create("Mug", variants=(VariantInput(sku="M"),), status=ProductStatus.DRAFT)

    async def to(status: ProductStatus, **more: Any) -> ProductView:
        command = SetProductStatusCommand(actor=OWNER, product_id=made.id, status=status, **more)
        return await store.shop.set_product_status(command)

    with pytest.raises(Conflict, match=r"product\.not_sellable"):
        await to(ProductStatus.ACTIVE)
    priced = SetPricesCommand(actor=OWNER, sku="M", prices=(Money(990, "EUR"),))
    assert (await store.shop.set_prices(priced)).version == 2
    assert (await store.shop.set_prices(priced)).version == 2
    assert (await to(ProductStatus.ACTIVE)).status is ProductStatus.ACTIVE
    assert (await to(ProductStatus.ACTIVE)).version == 3
    with pytest.raises(Conflict, match=r"product\.not_sellable"):
        await store.shop.set_prices(SetPricesCommand(actor=OWNER, sku="M", prices=()))
    with pytest.raises(PreconditionFailed):
        await to(ProductStatus.ARCHIVED, expected_version=1)
    for status in (ProductStatus.ARCHIVED, ProductStatus.DRAFT, ProductStatus.ACTIVE):
        assert (await to(status)).status is status


async def test_drafts_and_archived_products_are_for_those_who_may_change_them(store: Store) -> None:
    made = {status: await store.create(status.value, status=status) for status in ProductStatus}
    assert await store.slugs() == await store.slugs(BUYER) == await store.slugs(SUPPORT) == ["active"]
    assert await store.slugs(OWNER) == ["active", "archived", "draft"]
    for actor in (GUEST, BUYER, SUPPORT):
        with pytest.raises(NotFound):
            await store.get(made[ProductStatus.DRAFT].id, actor)
        with pytest.raises(TradepostError) as refused:
            await store.slugs(actor, status=ProductStatus.DRAFT)
        assert refused.value.kind in (Kind.UNAUTHENTICATED, Kind.FORBIDDEN)
        with pytest.raises(TradepostError) as refused:
            await store.create("No", actor=actor)
        assert refused.value.kind in (Kind.UNAUTHENTICATED, Kind.FORBIDDEN)
    assert (await store.get("archived", OWNER)).status is ProductStatus.ARCHIVED


async def test_prices_are_asked_after_in_a_currency(store: Store) -> None:
    await store.create("Mug")
    for query in ({"sort": "price"}, {"price_min": 1}, {"price_max": 1}):
        with pytest.raises(Invalid, match="currency_required"):
            await store.slugs(**query)
    with pytest.raises(Invalid, match=r"currency\.unknown"):
        await store.slugs(currency="XXX")
    assert await store.slugs(currency="EUR", sort="-price", price_max=1000) == ["mug"]


async def test_one_reads_what_one_wrote_and_stock_is_never_old(store: Store) -> None:
    made = await store.create("Mug", "MUG")
    assert await store.slugs() == ["mug"]
    assert (await store.get("mug")).title == "Mug"
    for n in range(3):
        await store.update(made.id, title=f"Mug {n}", slug=f"mug-{n}")
        assert (await store.get(made.id)).title == f"Mug {n}"
        assert await store.slugs() == [f"mug-{n}"]
    with pytest.raises(NotFound):
        await store.get("mug")
    await store.stand.sell("OTHER", stock=7)
    assert (await store.get("other")).variants[0].available == 7


async def test_what_is_published_is_read_from_the_cache_and_only_stock_from_the_database(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.stand.sell("MUG", stock=7)
    views = store.stand.backend.product_views
    asked: list[str] = []

    def counted(name: str) -> Callable[..., Any]:
        real = getattr(views, name)

        async def call(*given: Any, **more: Any) -> Any:
            asked.append(name)
            return await real(*given, **more)

        return call

    for name in ("get", "list", "available", "category", "categories"):
        monkeypatch.setattr(views, name, counted(name), raising=True)
    await asyncio.gather(*[store.get("mug") for _ in range(5)])
    await asyncio.gather(*[store.slugs() for _ in range(5)])
    assert (asked.count("get"), asked.count("list"), asked.count("available")) == (1, 1, 10)
    asked.clear()
    await store.get("mug", OWNER)
    await store.slugs(OWNER)
    await store.slugs(in_stock=True)
    assert (asked.count("get"), asked.count("list")) == (1, 2), "staff, and what is chosen by stock, is never kept"


async def test_an_event_makes_other_processes_forget(store: Store) -> None:
    made = await store.create("Mug")
    other = Shop(store.stand.backend, gateway=store.stand.gateway, secret=b"0" * 16, cache=MemoryCache())
    seen = GetProductQuery(actor=GUEST, product="mug")
    await other.get_product(seen)
    await store.update(made.id, title="Cup")
    assert (await other.get_product(seen)).title == "Mug"
    await other.catalog_reading.forget(
        Message(
            id="m",
            type=event_type(ProductChanged),
            aggregate_id=made.id,
            sequence=1,
            payload=b"",
            occurred_at=store.stand.clock.now(),
        )
    )
    assert (await other.get_product(seen)).title == "Cup"


async def test_a_cache_that_is_away_fails_no_change_but_the_event_comes_again(store: Store) -> None:
    class Away(MemoryCache):
        async def invalidate(self, *tags: str) -> None:
            raise Unavailable("cache", "away")

    reading = CatalogReading(store.stand.backend.product_views, Away())
    await reading.forget_product("prod_1")
    await reading.forget_categories()
    message = Message(
        id="m", type=event_type(ProductChanged), aggregate_id="p", sequence=1, payload=b"",
        occurred_at=store.stand.clock.now(),
    )  # fmt: skip
    with pytest.raises(Unavailable):
        await reading.forget(message)


async def test_categories_are_a_tree_that_products_are_found_in(store: Store) -> None:
    clothes = await store.category("Clothes", position=1)
    shirts = await store.category("Shirts", parent_id=clothes)
    food = await store.category("Food")
    await store.create("Tee", category_ids=(shirts, shirts))
    assert await store.slugs(category="clothes") == ["tee"]

    async def update(category_id: str, **changes: Any) -> int:
        command = UpdateCategoryCommand(actor=OWNER, category_id=category_id, **changes)
        return (await store.shop.update_category(command)).version

    async def delete(category_id: str) -> None:
        await store.shop.delete_category(DeleteCategoryCommand(actor=OWNER, category_id=category_id))

    with pytest.raises(Conflict, match=r"category\.cycle"):
        await update(clothes, parent_id=shirts)
    with pytest.raises(Invalid, match=r"category\.invalid"):
        await update(clothes, parent_id="cat_none")
    assert await update(shirts, parent_id=food, name="Polo shirts") == 2
    assert await update(shirts, name="Polo shirts") == 2
    assert await store.slugs(category="clothes") == []
    assert await store.slugs(category="food") == ["tee"]
    assert (await store.shop.get_category(GetCategoryQuery(category="shirts"))).name == "Polo shirts"
    page = await store.shop.list_categories(ListCategoriesQuery(parent_id=food))
    assert [category.id for category in page.items] == [shirts]
    with pytest.raises(CategoryNotEmpty):
        await delete(shirts)
    await delete(clothes)
    with pytest.raises(NotFound):
        await store.shop.get_category(GetCategoryQuery(category="clothes"))
    await update(shirts, parent_id=None)
    await delete(food)


async def test_what_is_bought_follows_the_catalog(store: Store) -> None:
    made = await store.create("Ebook", variants=(VariantInput(sku="E", prices=(Money(500, "EUR"),), tracked=False),))
    assert (await store.shop.place_order(order(("E", 1)))).total.amount == 500
    await store.shop.set_prices(SetPricesCommand(actor=OWNER, sku="E", prices=(Money(700, "EUR"),)))
    assert (await store.shop.place_order(order(("E", 1)))).total.amount == 700
    await store.shop.set_product_status(
        SetProductStatusCommand(actor=OWNER, product_id=made.id, status=ProductStatus.ARCHIVED)
    )
    with pytest.raises(Invalid, match="not_for_sale"):
        await store.shop.place_order(order(("E", 1)))
