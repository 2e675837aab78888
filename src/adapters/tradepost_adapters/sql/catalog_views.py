"""The catalog to look at: one query each."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Boolean, ColumnElement, Subquery, Text, bindparam, exists, false, or_, select
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from tradepost.catalog.ports import ProductFilter
from tradepost.catalog.views import CategoryView, ProductView
from tradepost.kernel.errors import NotFound
from tradepost.kernel.pages import Page, PageRequest
from tradepost.stock.level import DEFAULT_LOCATION
from tradepost_adapters.sql.catalog import product_from, whole_product
from tradepost_adapters.sql.categories import category_from, whole_category
from tradepost_adapters.sql.connection import Reads, Row
from tradepost_adapters.sql.listing import Listing
from tradepost_adapters.sql.statements import POSTGRESQL, SQLITE, Statement, in_list
from tradepost_adapters.sql.tables.catalog import categories, product_categories, product_prices, products, variants
from tradepost_adapters.sql.tables.stock import stock_levels
from tradepost_adapters.sql.types import Flag, Json


class _Question(TypeDecorator[tuple[str, ...]]):
    """Words in the language of the database's index; they hold letters and digits only, so nothing needs escaping."""

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[tuple[str, ...] | None], str | None]:
        return _for_sqlite if dialect.name == SQLITE else _for_postgres


def _for_sqlite(words: tuple[str, ...] | None) -> str | None:
    return None if words is None else " AND ".join(f'"{word}"' for word in words) + "*"


def _for_postgres(words: tuple[str, ...] | None) -> str | None:
    return None if words is None else " & ".join(f"'{word}'" for word in words) + ":*"


class _Condition(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        return self  # a condition already: SQLAlchemy would add `= 1` on SQLite, which then uses no index


class _FoundBy(_Condition):
    """The product with this id has the words."""

    name = "found_by"
    inherit_cache = True


@compiles(_FoundBy, SQLITE)
def _found_on_sqlite(element: _FoundBy, compiler: SQLCompiler, **options: Any) -> str:
    id_, question = (compiler.process(clause, **options) for clause in element.clauses)
    found = f"SELECT rowid FROM product_search_index WHERE product_search_index MATCH {question}"  # noqa: S608
    return f"({id_} IN (SELECT product_id FROM product_search WHERE id IN ({found})))"  # noqa: S608


@compiles(_FoundBy, POSTGRESQL)
def _found_on_postgres(element: _FoundBy, compiler: SQLCompiler, **options: Any) -> str:
    id_, question = (compiler.process(clause, **options) for clause in element.clauses)
    found = f"array_to_tsvector(string_to_array(words, ' ')) @@ CAST(CAST({question} AS text) AS tsquery)"
    return f"({id_} IN (SELECT product_id FROM product_search WHERE {found}))"  # noqa: S608


class _Holds(_Condition):
    """The object in the column has all that the other one has."""

    name = "holds"
    inherit_cache = True


@compiles(_Holds, SQLITE)
def _holds_on_sqlite(element: _Holds, compiler: SQLCompiler, **options: Any) -> str:
    column, wanted = (compiler.process(clause, **options) for clause in element.clauses)
    return f"NOT EXISTS (SELECT key, value FROM json_each({wanted}) EXCEPT SELECT key, value FROM json_each({column}))"  # noqa: S608


@compiles(_Holds, POSTGRESQL)
def _holds_on_postgres(element: _Holds, compiler: SQLCompiler, **options: Any) -> str:
    column, wanted = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({column} @> {wanted})"


def _product_view(row: Row) -> ProductView:
    return ProductView.of(product_from(row))


def _category_view(row: Row) -> CategoryView:
    return CategoryView.of(category_from(row))


def _within() -> ColumnElement[bool]:
    """The product lies in the category, or in one under it."""
    top = bindparam("category", type_=Text())
    tree = (
        select(categories.c.id).where(or_(categories.c.id == top, categories.c.slug == top)).cte("tree", recursive=True)
    )
    below = categories.alias("below")
    tree = tree.union(select(below.c.id).join(tree, below.c.parent_id == tree.c.id))
    inside = select(product_categories.c.product_id).where(product_categories.c.category_id.in_(select(tree.c.id)))
    return products.c.id.in_(inside)


_level = (
    exists()
    .where(
        stock_levels.c.location == DEFAULT_LOCATION,
        stock_levels.c.sku == variants.c.sku,
        stock_levels.c.on_hand > stock_levels.c.reserved,
    )
    .correlate(variants)
)
_sellable = exists().where(variants.c.product_id == products.c.id, or_(variants.c.tracked == false(), _level))
_FILTERS: dict[str, ColumnElement[bool]] = {
    "category": _within(),
    "options": exists().where(
        variants.c.product_id == products.c.id, _Holds(variants.c.options, bindparam("options", type_=Json()))
    ),
    "words": _FoundBy(products.c.id, bindparam("words", type_=_Question())),
    "in_stock": _sellable == bindparam("in_stock", type_=Flag()),
}
_SORTS = {"created_at": products.c.created_at, "title": products.c.title_key}


def _whole(page: Subquery) -> Any:
    return whole_product().join(page, page.c.sort_key == products.c.id)


_LIST = Listing(
    select(products.c.id),
    _product_view,
    name="products",
    key=products.c.id,
    sorts=_SORTS,
    default="-created_at",
    filters={
        "status": products.c.status == bindparam("status"),
        "currency": exists().where(
            product_prices.c.product_id == products.c.id, product_prices.c.currency == bindparam("currency")
        ),
        **_FILTERS,
    },
    whole=_whole,
)
# Where prices are asked after: along the prices, and not along the products.
_PRICED = Listing(
    select(products.c.id).join(product_prices, product_prices.c.product_id == products.c.id),
    _product_view,
    name="products_priced",
    key=product_prices.c.product_id,
    sorts={"price": product_prices.c.lowest, **_SORTS},
    default="-created_at",
    filters={
        "currency": product_prices.c.currency == bindparam("currency"),
        "status": product_prices.c.status == bindparam("status"),
        "price_min": product_prices.c.lowest >= bindparam("price_min", type_=BigInteger()),
        "price_max": product_prices.c.lowest <= bindparam("price_max", type_=BigInteger()),
        **_FILTERS,
    },
    whole=_whole,
)
_PRODUCT = Statement(
    whole_product().where(or_(products.c.id == bindparam("product"), products.c.slug == bindparam("product"))),
    name="products.view",
)
_AVAILABLE = Statement(
    select(stock_levels.c.sku, stock_levels.c.on_hand - stock_levels.c.reserved).where(
        stock_levels.c.location == bindparam("location"), in_list(stock_levels.c.sku, "skus")
    ),
    name="products.available",
)
_CATEGORY = Statement(
    whole_category().where(or_(categories.c.id == bindparam("category"), categories.c.slug == bindparam("category"))),
    name="categories.view",
)
_CATEGORIES = Listing(
    whole_category(),
    _category_view,
    name="categories",
    key=categories.c.id,
    sorts={"position": categories.c.position, "name": categories.c.name_key},
    default="position",
    filters={"parent": categories.c.parent_id == bindparam("parent")},
)


class SqlProductViews:
    """`ProductViews` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def get(self, product: str, /) -> ProductView:
        row = await self._reads.one(_PRODUCT, {"product": product})
        if row is None:
            raise NotFound("product", product)
        return _product_view(row)

    async def list(self, wanted: ProductFilter, page: PageRequest, /) -> Page[ProductView]:
        filters = {
            "status": wanted.status.value if wanted.status is not None else None,
            "category": wanted.category,
            "currency": wanted.currency,
            "options": wanted.options or None,
            "words": wanted.words,
            "in_stock": wanted.in_stock,
        }
        by_price = (page.sort or "").removeprefix("-") == "price"
        if wanted.currency is None or not (by_price or wanted.price_min is not None or wanted.price_max is not None):
            return await _LIST.page(self._reads, page, filters)
        prices = {"price_min": wanted.price_min, "price_max": wanted.price_max}
        return await _PRICED.page(self._reads, page, filters | prices)

    async def available(self, skus: Sequence[str], /) -> Mapping[str, int]:
        rows = await self._reads.all(_AVAILABLE, {"location": DEFAULT_LOCATION, "skus": list(skus)})
        return {str(sku): int(available) for sku, available in rows}

    async def category(self, category: str, /) -> CategoryView:
        row = await self._reads.one(_CATEGORY, {"category": category})
        if row is None:
            raise NotFound("category", category)
        return _category_view(row)

    async def categories(self, page: PageRequest, /, *, parent: str | None = None) -> Page[CategoryView]:
        return await _CATEGORIES.page(self._reads, page, {"parent": parent})
