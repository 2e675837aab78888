"""The catalog to look at, in memory."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from tradepost.catalog.ports import ProductFilter
from tradepost.catalog.product import Product, Variant
from tradepost.catalog.search import searchable
from tradepost.catalog.views import CategoryView, ProductView
from tradepost.catalog.words import sort_key
from tradepost.kernel.errors import NotFound
from tradepost.kernel.pages import Page, PageRequest
from tradepost.stock.level import DEFAULT_LOCATION
from tradepost_adapters.memory.catalog import CATEGORIES, PRODUCTS
from tradepost_adapters.memory.database import MemoryDatabase, Session
from tradepost_adapters.memory.listing import page_of
from tradepost_adapters.memory.stock import STOCK_LEVELS

_Condition = Callable[[Product], bool]


class MemoryProductViews:
    """`ProductViews` over committed rows."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def get(self, product: str, /) -> ProductView:
        with self._database.reading() as session:
            rows = session.table(PRODUCTS)
            found = rows.get(product) or rows.one("slug", product)
        if found is None:
            raise NotFound("product", product)
        return ProductView.of(found)

    async def list(self, wanted: ProductFilter, page: PageRequest, /) -> Page[ProductView]:
        with self._database.reading() as session:
            conditions = _conditions(wanted, session)
            rows = [
                product
                for product in session.table(PRODUCTS).values()
                if all(condition(product) for condition in conditions)
            ]
        sorts: dict[str, tuple[type, Callable[[Product], Any]]] = {
            "created_at": (datetime, lambda product: product.created_at),
            "title": (str, lambda product: sort_key(product.title)),
        }
        if wanted.currency is not None:
            code = wanted.currency
            sorts["price"] = (int, lambda product: _lowest(product, code))
        return page_of(rows, page, ProductView.of, key=lambda product: product.id, sorts=sorts, default="-created_at")

    async def available(self, skus: Sequence[str], /) -> Mapping[str, int]:
        with self._database.reading() as session:
            levels = session.table(STOCK_LEVELS)
            found = {sku: levels.get((DEFAULT_LOCATION, sku)) for sku in skus}
        return {sku: level.on_hand - level.reserved for sku, level in found.items() if level is not None}

    async def category(self, category: str, /) -> CategoryView:
        with self._database.reading() as session:
            rows = session.table(CATEGORIES)
            found = rows.get(category) or rows.one("slug", category)
        if found is None:
            raise NotFound("category", category)
        return CategoryView.of(found)

    async def categories(self, page: PageRequest, /, *, parent: str | None = None) -> Page[CategoryView]:
        with self._database.reading() as session:
            table = session.table(CATEGORIES)
            rows = list(table.values()) if parent is None else table.by("parent", parent)
        return page_of(
            rows,
            page,
            CategoryView.of,
            key=lambda category: category.id,
            sorts={
                "position": (int, lambda category: category.position),
                "name": (str, lambda category: sort_key(category.name)),
            },
            default="position",
        )


def _conditions(wanted: ProductFilter, session: Session) -> list[_Condition]:
    conditions: list[_Condition] = []
    if wanted.status is not None:
        conditions.append(lambda product: product.status is wanted.status)
    if wanted.category is not None:
        inside = _subtree(session, wanted.category)
        conditions.append(lambda product: not inside.isdisjoint(product.category_ids))
    if wanted.currency is not None:
        code, least, most = wanted.currency, wanted.price_min or 0, wanted.price_max
        conditions.append(lambda product: any(variant.price(code) is not None for variant in product.variants))
        conditions.append(lambda product: least <= _lowest(product, code))
        conditions.append(lambda product: most is None or _lowest(product, code) <= most)
    if wanted.options:
        options = wanted.options.items()
        conditions.append(lambda product: any(options <= variant.options.items() for variant in product.variants))
    if wanted.words is not None:
        words = wanted.words
        conditions.append(lambda product: _has_words(product, words))
    if wanted.in_stock is not None:
        conditions.append(lambda product: any(_in_stock(session, each) for each in product.variants) is wanted.in_stock)
    return conditions


def _lowest(product: Product, code: str) -> int:
    return min(price.amount for variant in product.variants for price in variant.prices if price.currency == code)


def _has_words(product: Product, words: tuple[str, ...]) -> bool:
    there = searchable(product).split()
    *whole, begun = words
    return set(whole) <= set(there) and any(word.startswith(begun) for word in there)


def _in_stock(session: Session, variant: Variant) -> bool:
    level = session.table(STOCK_LEVELS).get((DEFAULT_LOCATION, variant.sku))
    return not variant.tracked or (level is not None and level.on_hand > level.reserved)


def _subtree(session: Session, category: str) -> set[str]:
    rows = session.table(CATEGORIES)
    top = rows.get(category) or rows.one("slug", category)
    found: set[str] = set()
    waiting = [] if top is None else [top]
    while waiting:
        here = waiting.pop()
        found.add(here.id)
        waiting += rows.by("parent", here.id)
    return found
