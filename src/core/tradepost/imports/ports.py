"""What imports need from outside."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from tradepost.catalog.ports import HasProducts
from tradepost.catalog.product import Product
from tradepost.customers.customer import Customer
from tradepost.imports.groups import Rejected
from tradepost.orders.order import Order
from tradepost.payments.payment import Payment
from tradepost.stock.ports import HasStock


class Rejects(Protocol):
    """Where rejected rows go, in the order of the file."""

    def add(self, header: Sequence[str], row: Rejected, /) -> None: ...


class KnownOrder(msgspec.Struct, frozen=True):
    """What an order that is there already comes to."""

    currency: str
    total: int
    lines: int


class HistoryBook(Protocol):
    """Orders of another system, many at a time, inside a transaction."""

    async def known(self, external_ids: Sequence[str], /) -> Mapping[str, KnownOrder]:
        """Those of the orders that are there, by external id."""
        ...

    async def customers(self, external_ids: Sequence[str], /) -> Mapping[str, str]:
        """The ids of those of the customers that are there, by external id."""
        ...

    async def names(self, skus: Sequence[str], /) -> Mapping[str, str]:
        """What the catalog calls the SKUs; those it does not have are left out."""
        ...

    async def numbers(self, count: int, /) -> Sequence[int]:
        """So many order numbers that nobody has; rising, with gaps."""
        ...

    async def add(self, customers: Sequence[Customer], orders: Sequence[Order], payments: Sequence[Payment], /) -> None:
        """Write them, new ones all, and tell nobody: what happened long ago is no event. Raises StaleVersion when
        somebody adds one of them at the same moment, at commit at the latest."""
        ...


class CatalogBook(Protocol):
    """Products, many at a time, inside a transaction."""

    async def products(self, external_ids: Sequence[str], /) -> Mapping[str, Product]:
        """Those that are there, by external id."""
        ...

    async def owners_of_skus(self, skus: Sequence[str], /) -> Mapping[str, str]:
        """The ids of the products whose variants have the SKUs; free ones are left out."""
        ...

    async def owners_of_slugs(self, slugs: Sequence[str], /) -> Mapping[str, str]:
        """The ids of the products that have the slugs; free ones are left out."""
        ...

    async def add(self, products: Sequence[Product], /) -> None:
        """Write them, new ones all, with their facts. Raises StaleVersion when somebody takes one of their slugs, SKUs
        or external ids at the same moment, at commit at the latest."""
        ...


class HistoryTx(Protocol):
    """What importing orders touches."""

    @property
    def history_book(self) -> HistoryBook: ...


class CatalogImportTx(HasProducts, HasStock, Protocol):
    """What importing products touches."""

    @property
    def catalog_book(self) -> CatalogBook: ...
