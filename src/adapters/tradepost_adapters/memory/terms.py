"""The terms of sale, in memory."""

from collections.abc import Sequence

from tradepost.catalog.offer import Offer, offer_of
from tradepost.catalog.product import ProductStatus
from tradepost.kernel.errors import NotFound
from tradepost.pricing.shipping_method import ShippingMethod
from tradepost.pricing.taxes import UNTAXED
from tradepost.pricing.terms import SaleTerms
from tradepost.stock.level import DEFAULT_LOCATION
from tradepost_adapters.memory.catalog import PRODUCTS
from tradepost_adapters.memory.database import Session
from tradepost_adapters.memory.pricing import MemoryShippingMethods, MemoryTaxRates
from tradepost_adapters.memory.stock import STOCK_LEVELS


class MemoryTerms:
    """`Terms` in memory."""

    def __init__(self, session: Session, taxes: MemoryTaxRates, shipping: MemoryShippingMethods) -> None:
        self._products = session.table(PRODUCTS)
        self._levels = session.table(STOCK_LEVELS)
        self._taxes = taxes
        self._shipping = shipping

    async def look_up(
        self,
        skus: Sequence[str],
        /,
        *,
        currency: str,
        country: str | None,
        region: str | None,
        shipping_method: str | None,
    ) -> SaleTerms:
        offers: dict[str, Offer] = {}
        for sku in skus:
            product = self._products.one("sku", sku)
            if product is not None and product.status is ProductStatus.ACTIVE:
                level = self._levels.get((DEFAULT_LOCATION, sku))
                available = level.on_hand - level.reserved if level else 0
                offers[sku] = offer_of(product, sku, currency, available=available)
        return SaleTerms(
            currency=currency,
            country=country,
            shipping_method=shipping_method,
            offers=offers,
            taxes=await self._taxes.rates_for(country, region) if country else UNTAXED,
            shipping=await self._method(shipping_method),
        )

    async def _method(self, code: str | None) -> ShippingMethod | None:
        try:
            return await self._shipping.get(code) if code else None
        except NotFound:
            return None
