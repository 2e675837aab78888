"""What the catalog needs from outside."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from tradepost.catalog.category import Category
from tradepost.catalog.product import Product, ProductStatus
from tradepost.catalog.views import CategoryView, ProductView
from tradepost.kernel.idempotency import HasIdempotency
from tradepost.kernel.pages import Page, PageRequest


class Products(Protocol):
    """The products, inside a transaction."""

    async def get(self, product_id: str, /) -> Product:
        """Raises NotFound."""
        ...

    async def of_sku(self, sku: str, /) -> Product:
        """The product one of whose variants has the SKU. Raises NotFound."""
        ...

    async def of_external_id(self, external_id: str, /) -> Product | None: ...

    async def add(self, product: Product, /) -> None:
        """Raises `product.slug_taken`, `product.sku_taken` or `product.external_id_taken` (conflicts), at commit at the
        latest."""
        ...

    async def save(self, product: Product, /) -> None:
        """Raises StaleVersion when somebody saved it since, and what `add` raises."""
        ...


class Categories(Protocol):
    """The categories, inside a transaction."""

    async def get(self, category_id: str, /) -> Category:
        """Raises NotFound."""
        ...

    async def missing(self, category_ids: Sequence[str], /) -> tuple[str, ...]:
        """Those of the ids that are no category's."""
        ...

    async def way_up(self, category_id: str, /) -> tuple[str, ...]:
        """The category and everything it is under, up to the top; none when there is no such category.

        Until the transaction ends nobody else moves a category, so two moves can not make a circle between them.
        """
        ...

    async def add(self, category: Category, /) -> None:
        """Raises `category.slug_taken`."""
        ...

    async def save(self, category: Category, /) -> None:
        """Raises StaleVersion, and what `add` raises."""
        ...

    async def remove(self, category: Category, /) -> None:
        """Raises StaleVersion, and `category.not_empty` while products or categories lie in it."""
        ...


class HasProducts(Protocol):
    @property
    def products(self) -> Products: ...


class HasCategories(Protocol):
    @property
    def categories(self) -> Categories: ...


class CatalogTx(HasProducts, HasCategories, HasIdempotency, Protocol):
    """What changing the catalog touches."""


class ProductFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which products; everything given has to hold.

    `category` is an id or a slug, and means what lies under it as well. `currency` keeps those with a price in it;
    `price_min` and `price_max` are minor units of it and concern a product's lowest price. `options` are name and
    value, all of one variant. `in_stock`: at least one variant can, or none can, be bought now. `words` are what
    `search.question` makes of a text.
    """

    status: ProductStatus | None = None
    category: str | None = None
    currency: str | None = None
    price_min: int | None = None
    price_max: int | None = None
    in_stock: bool | None = None
    options: Mapping[str, str] | None = None
    words: tuple[str, ...] | None = None


class ProductViews(Protocol):
    """The catalog to look at, outside any transaction: one query each."""

    async def get(self, product: str, /) -> ProductView:
        """By id or by slug. Raises NotFound."""
        ...

    async def list(self, wanted: ProductFilter, page: PageRequest, /) -> Page[ProductView]:
        """Sorted by `created_at`, `title` or, where a currency is asked for, `price` (the lowest). Newest first unless asked."""
        ...

    async def available(self, skus: Sequence[str], /) -> Mapping[str, int]:
        """How many of each can be bought now, from the location that checkout takes from; unstocked SKUs are left out."""
        ...

    async def category(self, category: str, /) -> CategoryView:
        """By id or by slug. Raises NotFound."""
        ...

    async def categories(self, page: PageRequest, /, *, parent: str | None = None) -> Page[CategoryView]:
        """Sorted by `position` or `name`; only those right under `parent`, an id, if asked."""
        ...
