"""How the catalog is read: what is published goes through the cache, what can change by the second never does.

Kept are products, pages of products and categories, for a minute at most. Availability is not: it is asked for with
every answer, in one query for everything that is shown, so what is sold out is seen at once. Pages that were chosen by
stock are not kept either. What staff see (drafts, archived products) comes from the database.

Forgetting happens twice: by the event, for every process that shares the cache, and by whoever has just changed
something, so that one reads what one wrote.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from hashlib import blake2b
from typing import Any

import msgspec

from tradepost.catalog.events import CategoryChanged, CategoryDeleted, ProductChanged, ProductCreated
from tradepost.catalog.ports import ProductFilter, ProductViews
from tradepost.catalog.product import ProductStatus
from tradepost.catalog.views import CategoryView, ProductView
from tradepost.kernel.cache import Cache
from tradepost.kernel.errors import NotFound
from tradepost.kernel.events import Message, event_type
from tradepost.kernel.pages import Page, PageRequest
from tradepost.kernel.transactions import Unavailable

KEPT_FOR = timedelta(minutes=1)
EVENTS = (ProductCreated, ProductChanged, CategoryChanged, CategoryDeleted)
"""What makes kept views wrong: `forget` takes these."""

_PRODUCTS = "products"  # carried by every page of products
_CATEGORIES = "categories"
_OF_PRODUCTS = frozenset({event_type(ProductCreated), event_type(ProductChanged)})


class CatalogReading:
    """Reads products and categories for the use cases of the catalog."""

    def __init__(self, views: ProductViews, cache: Cache) -> None:
        self._views = views
        self._cache = cache

    async def product(self, product: str, *, drafts: bool) -> ProductView:
        """By id or slug; unless `drafts`, only when it is published. Raises NotFound."""
        if drafts:
            return await self.stocked(await self._views.get(product))

        async def load() -> ProductView:
            view = await self._views.get(product)
            if view.status is not ProductStatus.ACTIVE:
                raise NotFound("product", product)
            return view

        key = _key("product", product)
        view = await self._cache.fetch(key, ProductView, load, tags=lambda it: (it.id,), ttl=KEPT_FOR)
        return await self.stocked(view)

    async def products(self, wanted: ProductFilter, page: PageRequest) -> Page[ProductView]:
        """A page of products. Raises `page.invalid`."""

        async def load() -> Page[ProductView]:
            return await self._views.list(wanted, page)

        if wanted.status is not ProductStatus.ACTIVE or wanted.in_stock is not None:
            found = await load()
        else:
            key = _key("products", wanted, page)
            tags = (_PRODUCTS, _CATEGORIES)
            found = await self._cache.fetch(key, Page[ProductView], load, tags=lambda _: tags, ttl=KEPT_FOR)
        return msgspec.structs.replace(found, items=await self._with_stock(found.items))

    async def category(self, category: str) -> CategoryView:
        """By id or slug. Raises NotFound."""

        async def load() -> CategoryView:
            return await self._views.category(category)

        key = _key("category", category)
        return await self._cache.fetch(key, CategoryView, load, tags=lambda _: (_CATEGORIES,), ttl=KEPT_FOR)

    async def categories(self, page: PageRequest, parent: str | None) -> Page[CategoryView]:
        """A page of categories. Raises `page.invalid`."""

        async def load() -> Page[CategoryView]:
            return await self._views.categories(page, parent=parent)

        key = _key("categories", page, parent)
        return await self._cache.fetch(key, Page[CategoryView], load, tags=lambda _: (_CATEGORIES,), ttl=KEPT_FOR)

    async def stocked(self, view: ProductView) -> ProductView:
        """The view with what is available now."""
        (with_stock,) = await self._with_stock((view,))
        return with_stock

    async def forget_product(self, product_id: str) -> None:
        """After a change of a product was committed. The event does it again, so a cache that is away is no failure."""
        with suppress(Unavailable):
            await self._cache.invalidate(product_id, _PRODUCTS)

    async def forget_categories(self) -> None:
        """After a change of a category was committed."""
        with suppress(Unavailable):
            await self._cache.invalidate(_CATEGORIES)

    async def forget(self, message: Message) -> None:
        """What an event of the catalog makes wrong; for a consumer. Raises `cache.unavailable`: then it comes again."""
        if message.type in _OF_PRODUCTS:
            await self._cache.invalidate(message.aggregate_id, _PRODUCTS)
        else:
            await self._cache.invalidate(_CATEGORIES)

    async def _with_stock(self, views: Sequence[ProductView]) -> tuple[ProductView, ...]:
        skus = [variant.sku for view in views for variant in view.variants if variant.tracked]
        available = await self._views.available(skus) if skus else {}
        replace = msgspec.structs.replace
        return tuple(
            replace(
                view,
                variants=tuple(
                    replace(variant, available=available.get(variant.sku, 0)) if variant.tracked else variant
                    for variant in view.variants
                ),
            )
            for view in views
        )


def _key(what: str, *parts: Any) -> str:
    """Short, whatever callers ask for."""
    return f"{what}:{blake2b(msgspec.json.encode(parts, order='sorted'), digest_size=16).hexdigest()}"
