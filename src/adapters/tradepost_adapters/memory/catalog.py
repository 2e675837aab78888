"""The catalog's products, in memory."""

from collections.abc import Callable
from typing import NoReturn

from tradepost.catalog.errors import SkuTaken, SlugTaken
from tradepost.catalog.product import Product
from tradepost_adapters.memory.aggregates import Aggregates
from tradepost_adapters.memory.database import Index, Session, TableOf, UniqueViolation
from tradepost_adapters.memory.outbox import MemoryOutbox

PRODUCTS = TableOf[str, Product](
    "products",
    slug=Index(lambda product: product.slug, unique=True),
    sku=Index(lambda product: tuple(variant.sku for variant in product.variants), unique=True, each=True),
    external_id=Index(lambda product: product.external_id, unique=True),
)


class MemoryProducts(Aggregates[Product]):
    """`Products` in memory."""

    def __init__(self, session: Session, outbox: MemoryOutbox) -> None:
        super().__init__(session, outbox, PRODUCTS, "product")

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


_TAKEN: dict[str | None, Callable[[], Exception]] = {"sku": SkuTaken, "slug": SlugTaken}


def _refuse(violation: UniqueViolation) -> NoReturn:
    taken = _TAKEN.get(violation.index)
    raise (taken() if taken else violation) from violation
