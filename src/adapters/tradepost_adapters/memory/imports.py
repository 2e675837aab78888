"""Order history and products by the hundred, in memory."""

from collections.abc import Mapping, Sequence
from copy import copy

import msgspec

from tradepost.catalog.errors import ExternalIdTaken, SkuTaken, SlugTaken
from tradepost.catalog.offer import offer_name
from tradepost.catalog.product import Product
from tradepost.customers.customer import Customer
from tradepost.imports.ports import KnownOrder
from tradepost.kernel.transactions import StaleVersion
from tradepost.orders.order import Order
from tradepost.payments.payment import Payment
from tradepost_adapters.memory.catalog import PRODUCTS, MemoryProducts
from tradepost_adapters.memory.customers import CUSTOMERS
from tradepost_adapters.memory.database import Session, UniqueViolation
from tradepost_adapters.memory.orders import MemoryOrders
from tradepost_adapters.memory.payments import PAYMENTS


class MemoryHistoryBook:
    """`HistoryBook` in memory."""

    def __init__(self, session: Session, orders: MemoryOrders) -> None:
        self._customers = session.table(CUSTOMERS)
        self._orders = orders
        self._payments = session.table(PAYMENTS)
        self._products = session.table(PRODUCTS)

    async def known(self, external_ids: Sequence[str], /) -> Mapping[str, KnownOrder]:
        found = ((each, self._orders.rows.one("external_id", each)) for each in external_ids)
        return {
            each: KnownOrder(order.currency, order.total.amount, len(order.lines))
            for each, order in found
            if order is not None
        }

    async def customers(self, external_ids: Sequence[str], /) -> Mapping[str, str]:
        found = ((each, self._customers.one("external_id", each)) for each in external_ids)
        return {each: customer.id for each, customer in found if customer is not None}

    async def names(self, skus: Sequence[str], /) -> Mapping[str, str]:
        return {
            sku: offer_name(product.title, variant.title)
            for sku in skus
            if (product := self._products.one("sku", sku)) is not None
            for variant in product.variants
            if variant.sku == sku
        }

    async def numbers(self, count: int, /) -> Sequence[int]:
        return [await self._orders.next_number() for _ in range(count)]

    async def add(self, customers: Sequence[Customer], orders: Sequence[Order], payments: Sequence[Payment], /) -> None:
        try:
            for customer in customers:
                self._customers.add(customer.id, msgspec.structs.replace(customer, version=1))
            for order in orders:
                await self._orders.add(order)
            for payment in payments:
                self._payments.add(payment.id, msgspec.structs.replace(payment, version=1))
        except UniqueViolation as violation:
            raise StaleVersion("An order or a customer of the import") from violation


class MemoryCatalogBook:
    """`CatalogBook` in memory."""

    def __init__(self, products: MemoryProducts) -> None:
        self._products = products

    async def products(self, external_ids: Sequence[str], /) -> Mapping[str, Product]:
        found = ((each, self._products.rows.one("external_id", each)) for each in external_ids)
        return {each: copy(product) for each, product in found if product is not None}

    async def owners_of_skus(self, skus: Sequence[str], /) -> Mapping[str, str]:
        found = ((sku, self._products.rows.one("sku", sku)) for sku in skus)
        return {sku: product.id for sku, product in found if product is not None}

    async def owners_of_slugs(self, slugs: Sequence[str], /) -> Mapping[str, str]:
        found = ((slug, self._products.rows.one("slug", slug)) for slug in slugs)
        return {slug: product.id for slug, product in found if product is not None}

    async def add(self, products: Sequence[Product], /) -> None:
        try:
            for product in products:
                await self._products.add(product)
        except (SlugTaken, SkuTaken, ExternalIdTaken) as taken:
            raise StaleVersion("A product of the batch") from taken
