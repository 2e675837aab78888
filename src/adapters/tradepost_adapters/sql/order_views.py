"""Orders to look at: one query each."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, bindparam, cast, func, select

from tradepost.kernel.errors import NotFound
from tradepost.kernel.money import Money
from tradepost.kernel.pages import Page, PageRequest
from tradepost.orders.order import FulfillmentStatus, OrderStatus, derive_payment_status
from tradepost.orders.ports import OrderFilter, OrderTotal
from tradepost.orders.views import HistoryView, OrderSummary, OrderView, PaymentView, RefundView
from tradepost_adapters.sql.connection import Reads, Row
from tradepost_adapters.sql.listing import Listing
from tradepost_adapters.sql.orders import order_from, whole_order
from tradepost_adapters.sql.payments import (
    OPERATIONS_OF_ORDER,
    PAYMENTS_OF_ORDER,
    REFUNDS_OF_ORDER,
    operation_from,
    payment_from,
    refund_from,
)
from tradepost_adapters.sql.statements import Statement, in_list
from tradepost_adapters.sql.tables.customers import customers
from tradepost_adapters.sql.tables.orders import order_history, orders
from tradepost_adapters.sql.tables.payments import operations
from tradepost_adapters.sql.types import UtcDateTime

_others = operations.alias()
_latest = select(func.max(_others.c.id)).where(_others.c.order_id == orders.c.id).scalar_subquery()
_whole = whole_order()
_ORDER = Statement(
    _whole.add_columns(*[column.label(f"operation_{column.name}") for column in operations.columns])
    .outerjoin(operations, operations.c.id == _latest)
    .where(orders.c.id == bindparam("id")),
    name="orders.view",
)
_COLUMNS = len(_whole.selected_columns)

_SUMMARY = (
    orders.c.id,
    orders.c.number,
    orders.c.version,
    orders.c.status,
    orders.c.fulfillment,
    orders.c.currency,
    orders.c.total,
    orders.c.authorized,
    orders.c.captured,
    orders.c.refunded,
    orders.c.customer_id,
    orders.c.created_at,
    orders.c.placed_at,
)


def _summary(row: Row) -> OrderSummary:
    (id_, number, version, status, fulfillment, currency, total, authorized, captured, refunded, customer_id,
     created_at, placed_at) = row  # fmt: skip
    return OrderSummary(
        id=id_,
        number=number,
        version=version,
        status=OrderStatus(status),
        fulfillment_status=FulfillmentStatus(fulfillment),
        payment_status=derive_payment_status(
            OrderStatus(status), total=total, authorized=authorized, captured=captured, refunded=refunded
        ),
        total=Money(total, currency),
        captured=Money(captured, currency),
        refunded=Money(refunded, currency),
        customer_id=customer_id,
        created_at=created_at,
        placed_at=placed_at,
    )


_FILTERS = {
    "customer_id": orders.c.customer_id == bindparam("customer_id"),
    "user_id": orders.c.customer_id
    == select(customers.c.id).where(customers.c.user_id == bindparam("user_id")).scalar_subquery(),
    "status": orders.c.status == bindparam("status"),
    "number": orders.c.number == bindparam("number"),
    "created_from": orders.c.created_at >= bindparam("created_from", type_=UtcDateTime()),
    "created_before": orders.c.created_at < bindparam("created_before", type_=UtcDateTime()),
}
_LIST = Listing(
    select(*_SUMMARY),
    _summary,
    name="orders",
    key=orders.c.id,
    sorts={"created_at": orders.c.created_at, "number": orders.c.number, "total": orders.c.total},
    default="-created_at",
    filters=_FILTERS,
)
_CUSTOMERS = Statement(
    select(orders.c.id, orders.c.customer_id).where(in_list(orders.c.id, "ids")), name="orders.customers"
)
_HISTORY = Statement(
    select(order_history.c.at, order_history.c.actor, order_history.c.action, order_history.c.data)
    .where(order_history.c.order_id == bindparam("order_id"))
    .order_by(order_history.c.place),
    name="orders.history",
)


@lru_cache(maxsize=64)
def _totals(active: tuple[str, ...]) -> Statement:
    money = [cast(func.sum(column), BigInteger) for column in (orders.c.total, orders.c.captured, orders.c.refunded)]
    query = (
        select(orders.c.currency, func.count(), *money)
        .where(*[_FILTERS[name] for name in active])
        .group_by(orders.c.currency)
        .order_by(orders.c.currency)
    )
    return Statement(query, name="orders.totals")


def _params(wanted: OrderFilter) -> dict[str, Any]:
    given = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
    return {name: value for name, value in given.items() if value is not None}


class SqlOrderViews:
    """`OrderViews` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def get(self, order_id: str, /) -> OrderView:
        row = await self._reads.one(_ORDER, {"id": order_id})
        if row is None:
            raise NotFound("order", order_id)
        operation = operation_from(row[_COLUMNS:]) if row[_COLUMNS] is not None else None
        return OrderView.of(order_from(row[:_COLUMNS]), operation)

    async def list(self, wanted: OrderFilter, page: PageRequest, /) -> Page[OrderSummary]:
        return await _LIST.page(self._reads, page, _params(wanted))

    async def customers_of(self, order_ids: Sequence[str], /) -> dict[str, str | None]:
        return dict(await self._reads.all(_CUSTOMERS, {"ids": list(order_ids)}))

    async def history(self, order_id: str, /) -> tuple[HistoryView, ...]:
        rows = await self._reads.all(_HISTORY, {"order_id": order_id})
        return tuple(HistoryView(at=at, actor=actor, action=action, data=data) for at, actor, action, data in rows)

    async def payments(self, order_id: str, /) -> tuple[PaymentView, ...]:
        sent = [operation_from(row) for row in await self._reads.all(OPERATIONS_OF_ORDER, {"order_id": order_id})]
        rows = await self._reads.all(PAYMENTS_OF_ORDER, {"order_id": order_id})
        payments = [payment_from(row) for row in rows]
        return tuple(PaymentView.of(each, [one for one in sent if one.payment_id == each.id]) for each in payments)

    async def refunds(self, order_id: str, /) -> tuple[RefundView, ...]:
        rows = await self._reads.all(REFUNDS_OF_ORDER, {"order_id": order_id})
        return tuple(RefundView.of(refund_from(row)) for row in rows)

    async def totals(self, wanted: OrderFilter, /) -> tuple[OrderTotal, ...]:
        params = _params(wanted)
        return tuple(
            OrderTotal(
                currency=currency,
                orders=count,
                total=Money(total, currency),
                captured=Money(captured, currency),
                refunded=Money(refunded, currency),
            )
            for currency, count, total, captured, refunded in await self._reads.all(_totals(tuple(params)), params)
        )
