"""Imported order history in SQL: a batch is three questions and one round trip of inserts."""

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select

from tradepost.catalog.offer import offer_name
from tradepost.customers.customer import Customer
from tradepost.imports.ports import KnownOrder
from tradepost.kernel.transactions import StaleVersion
from tradepost.ledger.bookkeeping import Bookkeeper
from tradepost.orders.order import Order
from tradepost.payments.payment import Payment
from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.customers import contact_row, customer_row
from tradepost_adapters.sql.ledger import SqlLedgerBatch
from tradepost_adapters.sql.numbers import Numbers
from tradepost_adapters.sql.orders import history_rows, line_row, order_row
from tradepost_adapters.sql.payments import payment_row
from tradepost_adapters.sql.statements import Insert, Statement, in_list
from tradepost_adapters.sql.tables.catalog import products, variants
from tradepost_adapters.sql.tables.customers import customer_contacts, customers
from tradepost_adapters.sql.tables.orders import order_history, order_lines, orders
from tradepost_adapters.sql.tables.payments import payments

_lines = select(func.count()).where(order_lines.c.order_id == orders.c.id).scalar_subquery()
_KNOWN = Statement(
    select(orders.c.external_id, orders.c.currency, orders.c.total, _lines).where(
        in_list(orders.c.external_id, "external_ids")
    ),
    name="orders.known",
)
_CUSTOMERS = Statement(
    select(customers.c.external_id, customers.c.id).where(in_list(customers.c.external_id, "external_ids")),
    name="customers.known",
)
_NAMES = Statement(
    select(variants.c.sku, products.c.title, variants.c.title)
    .join(products, products.c.id == variants.c.product_id)
    .where(in_list(variants.c.sku, "skus")),
    name="variants.names",
)


def _taken() -> StaleVersion:
    return StaleVersion("An order or a customer of the import")


_CUSTOMER = Insert(customers, conflict=_taken)
_CONTACT = Insert(customer_contacts)
_ORDER = Insert(orders, conflict=_taken)
_LINE = Insert(order_lines)
_ENTRY = Insert(order_history)
_PAYMENT = Insert(payments)


class SqlHistoryBook:
    """`HistoryBook` in SQL."""

    def __init__(self, connection: Connection, numbers: Numbers, batch: SqlLedgerBatch, bookkeeper: Bookkeeper) -> None:
        """The bookkeeper posts to the batch."""
        self._connection = connection
        self._numbers = numbers
        self._batch = batch
        self._bookkeeper = bookkeeper

    async def known(self, external_ids: Sequence[str], /) -> Mapping[str, KnownOrder]:
        rows = await self._connection.all(_KNOWN, {"external_ids": external_ids})
        return {external_id: KnownOrder(currency, total, lines) for external_id, currency, total, lines in rows}

    async def customers(self, external_ids: Sequence[str], /) -> Mapping[str, str]:
        rows = await self._connection.all(_CUSTOMERS, {"external_ids": external_ids})
        return dict(rows)

    async def names(self, skus: Sequence[str], /) -> Mapping[str, str]:
        rows = await self._connection.all(_NAMES, {"skus": skus})
        return {sku: offer_name(title, variant_title) for sku, title, variant_title in rows}

    async def numbers(self, count: int, /) -> Sequence[int]:
        return await self._numbers.many(self._connection, count)

    async def add(self, customers: Sequence[Customer], orders: Sequence[Order], payments: Sequence[Payment], /) -> None:
        contacts = [{"customer_id": customer.id, **contact_row(customer)} for customer in customers]
        self._connection.defer(_CUSTOMER, [{**customer_row(customer), "version": 1} for customer in customers])
        self._connection.defer(_CONTACT, contacts)
        self._connection.defer(_ORDER, [{**order_row(order), "version": 1} for order in orders])
        self._connection.defer(_LINE, [line_row(order.id, line) for order in orders for line in order.lines])
        self._connection.defer(_ENTRY, [row for order in orders for row in history_rows(order)])
        self._connection.defer(_PAYMENT, [{**payment_row(payment), "version": 1} for payment in payments])
        await self._bookkeeper.book([booking for order in orders for booking in order.take_bookings()])
        self._batch.write()
