"""Orders in SQL: an order with its lines and contact is one query, and one round trip of inserts."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Text, bindparam, select, text

from tradepost.kernel.addresses import Contact
from tradepost.kernel.money import Money
from tradepost.ledger.bookkeeping import Bookkeeper
from tradepost.orders.lines import OrderLine
from tradepost.orders.order import FulfillmentStatus, Order, OrderStatus
from tradepost_adapters.sql.aggregates import Facts, Mapper, SqlAggregates
from tradepost_adapters.sql.connection import Connection, Row
from tradepost_adapters.sql.json_rows import json_rows
from tradepost_adapters.sql.numbers import Numbers
from tradepost_adapters.sql.statements import Insert, Statement
from tradepost_adapters.sql.tables.orders import order_contacts, order_history, order_lines, orders
from tradepost_adapters.sql.types import Json, UtcDateTime

_LINE = (
    order_lines.c.number,
    order_lines.c.sku,
    order_lines.c.name,
    order_lines.c.quantity,
    order_lines.c.unit_price,
    order_lines.c.total,
    order_lines.c.net,
    order_lines.c.tax,
    order_lines.c.gross,
    order_lines.c.rate,
    order_lines.c.inclusive,
    order_lines.c.tracked,
    order_lines.c.fulfilled,
    order_lines.c.returned,
)
_LineRow = tuple[int, str, str, int, int, int, int, int, int, str, bool, bool, int, int]


def whole_order() -> Any:
    """An order's row, its contact and its lines, as `order_from` reads them."""
    lines = json_rows(order_lines, order_lines.c.order_id == orders.c.id, *_LINE, of=list[_LineRow])
    return select(orders, order_contacts.c.contact, lines.label("lines")).outerjoin(
        order_contacts, order_contacts.c.order_id == orders.c.id
    )


def order_row(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "number": order.number,
        "customer_id": order.customer_id,
        "currency": order.currency,
        "status": order.status.value,
        "fulfillment": order.fulfillment.value,
        "subtotal": order.subtotal.amount,
        "shipping_total": order.shipping_total.amount,
        "tax": order.tax.amount,
        "total": order.total.amount,
        "authorized": order.authorized,
        "captured": order.captured,
        "refunded": order.refunded,
        "refunded_tax": order.refunded_tax,
        "disputed": order.disputed,
        "shipping": order.shipping,
        "parcels": order.parcels,
        "metadata": order.metadata,
        "external_id": order.external_id,
        "created_at": order.created_at,
        "placed_at": order.placed_at,
        "expires_at": order.expires_at,
        "ended_at": order.ended_at,
    }


def order_from(row: Row) -> Order:
    (
        id_, version, number, customer_id, currency, status, fulfillment, subtotal, shipping_total, tax, total,
        authorized, captured, refunded, refunded_tax, disputed, shipping, parcels, metadata, external_id,
        created_at, placed_at, expires_at, ended_at, contact, lines,
    ) = row  # fmt: skip
    return Order(
        id=id_,
        version=version,
        number=number,
        customer_id=customer_id,
        currency=currency,
        status=OrderStatus(status),
        fulfillment=FulfillmentStatus(fulfillment),
        lines=tuple(_line_from(line, currency) for line in sorted(lines)),
        shipping=shipping,
        subtotal=Money(subtotal, currency),
        shipping_total=Money(shipping_total, currency),
        tax=Money(tax, currency),
        total=Money(total, currency),
        authorized=authorized,
        captured=captured,
        refunded=refunded,
        refunded_tax=refunded_tax,
        disputed=disputed,
        contact=contact or Contact(),
        parcels=parcels,
        metadata=metadata,
        external_id=external_id,
        created_at=created_at,
        placed_at=placed_at,
        expires_at=expires_at,
        ended_at=ended_at,
    )


def _line_from(row: _LineRow, currency: str) -> OrderLine:
    number, sku, name, quantity, price, total, net, tax, gross, rate, inclusive, tracked, fulfilled, returned = row
    return OrderLine(
        number=number,
        sku=sku,
        name=name,
        quantity=quantity,
        unit_price=Money(price, currency),
        total=Money(total, currency),
        net=Money(net, currency),
        tax=Money(tax, currency),
        gross=Money(gross, currency),
        rate=rate,
        inclusive=inclusive,
        tracked=tracked,
        fulfilled=fulfilled,
        returned=returned,
    )


def line_row(order_id: str, line: OrderLine) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "number": line.number,
        "sku": line.sku,
        "name": line.name,
        "quantity": line.quantity,
        "unit_price": line.unit_price.amount,
        "total": line.total.amount,
        "net": line.net.amount,
        "tax": line.tax.amount,
        "gross": line.gross.amount,
        "rate": line.rate,
        "inclusive": line.inclusive,
        "tracked": line.tracked,
        "fulfilled": line.fulfilled,
        "returned": line.returned,
    }


_ORDER = Mapper(
    orders,
    "order",
    order_row,
    order_from,
    fixed=("number", "customer_id", "currency", "subtotal", "shipping_total", "tax", "total", "shipping", "created_at"),
    selected=whole_order,
)
_LINES = Insert(order_lines)
_CONTACT = Insert(order_contacts)
_HISTORY = Insert(order_history)

_PROGRESS = Statement.by_dialect(
    sqlite=text(
        """
        UPDATE order_lines SET fulfilled = line.fulfilled, returned = line.returned
        FROM (
            SELECT value ->> 0 AS number, value ->> 1 AS fulfilled, value ->> 2 AS returned FROM json_each(:lines)
        ) AS line
        WHERE order_lines.order_id = :order_id AND order_lines.number = line.number
        """
    ).bindparams(bindparam("lines", type_=Json()), bindparam("order_id", type_=Text())),
    postgresql=text(
        """
        UPDATE order_lines SET fulfilled = (line ->> 1)::bigint, returned = (line ->> 2)::bigint
        FROM jsonb_array_elements(:lines) AS line
        WHERE order_lines.order_id = :order_id AND order_lines.number = (line ->> 0)::integer
        """
    ).bindparams(bindparam("lines", type_=Json()), bindparam("order_id", type_=Text())),
    name="order_lines.progress",
)

_DUE = Statement(
    text(
        """
        SELECT id FROM orders
        WHERE status = 'pending' AND expires_at <= :now AND NOT EXISTS (
            SELECT 1 FROM operations WHERE operations.order_id = orders.id
                AND operations.status IN ('pending', 'unknown') AND operations.next_action IS NULL
        )
        ORDER BY expires_at LIMIT :most
        """
    )
    .bindparams(bindparam("now", type_=UtcDateTime()), bindparam("most", type_=BigInteger()))
    .columns(id=Text()),
    name="orders.due_to_expire",
)


class SqlOrders(SqlAggregates[Order]):
    """`Orders` in SQL."""

    def __init__(self, connection: Connection, facts: Facts, numbers: Numbers, bookkeeper: Bookkeeper) -> None:
        super().__init__(connection, facts, _ORDER)
        self._numbers = numbers
        self._bookkeeper = bookkeeper

    async def next_number(self) -> int:
        return await self._numbers.next(self._connection)

    async def add(self, aggregate: Order, /) -> None:
        history, bookings = history_rows(aggregate), aggregate.take_bookings()
        await super().add(aggregate)
        self._connection.defer(_LINES, [line_row(aggregate.id, line) for line in aggregate.lines])
        if aggregate.contact != Contact():
            self._connection.defer(_CONTACT, [{"order_id": aggregate.id, "contact": aggregate.contact}])
        if history:
            self._connection.defer(_HISTORY, history)
        await self._bookkeeper.book(bookings)

    async def save(self, aggregate: Order, /) -> None:
        history, bookings = history_rows(aggregate), aggregate.take_bookings()
        await super().save(aggregate)
        progress = [(line.number, line.fulfilled, line.returned) for line in aggregate.lines if line.fulfilled]
        if progress:
            await self._connection.run(_PROGRESS, {"lines": progress, "order_id": aggregate.id})
        if history:
            self._connection.defer(_HISTORY, history)
        await self._bookkeeper.book(bookings)

    async def due_to_expire(self, now: datetime, /, *, limit: int) -> tuple[str, ...]:
        return tuple(row[0] for row in await self._connection.all(_DUE, {"now": now, "most": limit}))


def history_rows(order: Order) -> list[dict[str, Any]]:
    """The history not yet written, as rows of the version about to be saved."""
    first = (order.version + 1) * 1000
    return [
        {
            "order_id": order.id,
            "place": first + place,
            "at": entry.at,
            "actor": entry.actor,
            "action": entry.action,
            "data": entry.data,
        }
        for place, entry in enumerate(order.take_history())
    ]
