"""The catalog's products and categories, in memory."""

from collections.abc import Callable, Sequence
from copy import copy
from typing import NoReturn

from tradepost.catalog.category import Category
from tradepost.catalog.errors import CategoryNotEmpty, CategorySlugTaken, ExternalIdTaken, SkuTaken, SlugTaken
from tradepost.catalog.product import Product
from tradepost.kernel.errors import NotFound
from tradepost.kernel.transactions import StaleVersion
from tradepost_adapters.memory.aggregates import Aggregates
from tradepost_adapters.memory.database import Index, Session, TableOf, UniqueViolation
from tradepost_adapters.memory.outbox import MemoryOutbox

PRODUCTS = TableOf[str, Product](
    "products",
    slug=Index(lambda product: product.slug, unique=True),
    sku=Index(lambda product: tuple(variant.sku for variant in product.variants), unique=True, each=True),
    external_id=Index(lambda product: product.external_id, unique=True),
    category=Index(lambda product: product.category_ids, each=True),
)
CATEGORIES = TableOf[str, Category](
    "categories",
    slug=Index(lambda category: category.slug, unique=True),
    parent=Index(lambda category: category.parent_id),
)


class MemoryProducts(Aggregates[Product]):
    """`Products` in memory."""

    def __init__(self, session: Session, outbox: MemoryOutbox) -> None:
        super().__init__(session, outbox, PRODUCTS, "product")

    async def of_sku(self, sku: str, /) -> Product:
        found = self.rows.one("sku", sku)
        if found is None:
            raise NotFound("product", sku)
        return copy(found)

    async def of_external_id(self, external_id: str, /) -> Product | None:
        found = self.rows.one("external_id", external_id)
        return None if found is None else copy(found)

    async def add(self, aggregate: Product, /) -> None:
        try:
            await super().add(aggregate)
        except UniqueViolation as violation:
            _refuse(violation)

    async def save(self, aggregate: Product, /) -> None:
        try:
            await super().save(aggregate)
        except UniqueViolation as violation:
            _refuse(violation)


class MemoryCategories(Aggregates[Category]):
    """`Categories` in memory."""

    def __init__(self, session: Session, outbox: MemoryOutbox) -> None:
        super().__init__(session, outbox, CATEGORIES, "category")
        self._products = session.table(PRODUCTS)

    async def missing(self, category_ids: Sequence[str], /) -> tuple[str, ...]:
        return tuple(each for each in category_ids if each not in self.rows)

    async def way_up(self, category_id: str, /) -> tuple[str, ...]:
        found: list[str] = []
        here = self.rows.get(category_id)
        while here is not None:
            found.append(here.id)
            here = self.rows.get(here.parent_id) if here.parent_id is not None else None
        return tuple(found)

    async def add(self, aggregate: Category, /) -> None:
        try:
            await super().add(aggregate)
        except UniqueViolation as violation:
            raise CategorySlugTaken from violation

    async def save(self, aggregate: Category, /) -> None:
        try:
            await super().save(aggregate)
        except UniqueViolation as violation:
            raise CategorySlugTaken from violation

    async def remove(self, category: Category, /) -> None:
        current = self.rows.get(category.id)
        if current is None or current.version != category.version:
            raise StaleVersion(category.id)
        if self.rows.has("parent", category.id) or self._products.has("category", category.id):
            raise CategoryNotEmpty(category.id)
        del self.rows[category.id]
        await self._outbox.append(category.take_messages())


_TAKEN: dict[str | None, Callable[[], Exception]] = {"sku": SkuTaken, "slug": SlugTaken, "external_id": ExternalIdTaken}


def _refuse(violation: UniqueViolation) -> NoReturn:
    taken = _TAKEN.get(violation.index)
    raise (taken() if taken else violation) from violation
