"""List and search the products."""

import msgspec

from tradepost.catalog.ports import ProductFilter
from tradepost.catalog.product import ProductStatus
from tradepost.catalog.reading import CatalogReading
from tradepost.catalog.search import question
from tradepost.catalog.views import ProductView
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import anybody
from tradepost.kernel.errors import Fault, Invalid
from tradepost.kernel.money import currency
from tradepost.kernel.pages import Page, PageRequest


class ListProductsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which products, and which page of them. `text` is searched for: every word has to be there, the last one as a
    beginning; case and accents do not count."""

    actor: Actor
    wanted: ProductFilter = ProductFilter()
    text: str | None = None
    page: PageRequest = PageRequest()


class ListProducts:
    """With what is available now. Who may not change products sees those that are published.

    Raises `page.invalid`, `product.currency_required` for asking after prices in no currency, and `auth.…` for asking
    after those not published without the right to.
    """

    access = anybody(more_with=Permission.CATALOG_WRITE)

    def __init__(self, reading: CatalogReading) -> None:
        self._reading = reading

    async def __call__(self, query: ListProductsQuery) -> Page[ProductView]:
        wanted = query.wanted
        if not self.access.held_by(query.actor):
            if wanted.status not in (None, ProductStatus.ACTIVE):
                self.access.require_held(query.actor)
            wanted = msgspec.structs.replace(wanted, status=ProductStatus.ACTIVE)
        _check(wanted, query.page)
        if query.text is not None:
            words = question(query.text)
            if not words:  # nothing but marks, which no product is found by
                return Page(items=(), total=0 if query.page.page is not None else None)
            wanted = msgspec.structs.replace(wanted, words=words)
        return await self._reading.products(wanted, query.page)


def _check(wanted: ProductFilter, page: PageRequest) -> None:
    by_price = (page.sort or "").removeprefix("-") == "price"
    if wanted.currency is not None:
        currency(wanted.currency)
    elif by_price or wanted.price_min is not None or wanted.price_max is not None:
        raise Invalid(
            "product.currency_required",
            "Prices differ by currency: say which one, such as currency=EUR.",
            Fault("/currency", "required with price_min, price_max and sort=price", "required"),
        )
