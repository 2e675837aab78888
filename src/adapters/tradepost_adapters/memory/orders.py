"""Orders and what is to be seen of them, in memory."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tradepost.kernel.errors import NotFound
from tradepost.kernel.money import Money
from tradepost.kernel.pages import Page, PageRequest
from tradepost.ledger.bookkeeping import Bookkeeper
from tradepost.orders.lines import HistoryEntry
from tradepost.orders.order import Order, OrderStatus
from tradepost.orders.ports import OrderFilter, OrderTotal
from tradepost.orders.views import (
    HistoryView,
    OrderSummary,
    OrderView,
    PaymentView,
    RefundView,
)
from tradepost_adapters.memory.aggregates import Aggregates
from tradepost_adapters.memory.customers import CUSTOMERS
from tradepost_adapters.memory.database import Index, MemoryDatabase, Session, TableOf
from tradepost_adapters.memory.listing import page_of
from tradepost_adapters.memory.outbox import MemoryOutbox
from tradepost_adapters.memory.payments import OPERATIONS, PAYMENTS, REFUNDS

FIRST_NUMBER = 100_000


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    """A line of an order's history."""

    order_id: str
    entry: HistoryEntry


ORDERS = TableOf[str, Order](
    "orders",
    customer=Index(lambda order: order.customer_id),
    number=Index(lambda order: order.number, unique=True),
    external_id=Index(lambda order: order.external_id, unique=True),
    pending=Index(lambda order: True if order.status is OrderStatus.PENDING else None),
)
ORDER_HISTORY = TableOf[int, HistoryRow]("order_history", order=Index(lambda row: row.order_id))


class MemoryOrders(Aggregates[Order]):
    """`Orders` in memory."""

    def __init__(self, session: Session, outbox: MemoryOutbox, bookkeeper: Bookkeeper) -> None:
        super().__init__(session, outbox, ORDERS, "order")
        self._session = session
        self._bookkeeper = bookkeeper
        self._history = session.table(ORDER_HISTORY)
        self._operations = session.table(OPERATIONS)

    async def next_number(self) -> int:
        return FIRST_NUMBER + self._session.next("order_numbers")

    async def add(self, aggregate: Order, /) -> None:
        self._write_history(aggregate)
        bookings = aggregate.take_bookings()
        await super().add(aggregate)
        await self._bookkeeper.book(bookings)

    async def save(self, aggregate: Order, /) -> None:
        self._write_history(aggregate)
        bookings = aggregate.take_bookings()
        await super().save(aggregate)
        await self._bookkeeper.book(bookings)

    async def due_to_expire(self, now: datetime, /, *, limit: int) -> tuple[str, ...]:
        due = [
            order
            for order in self.rows.by("pending", True)
            if order.expires_at is not None and order.expires_at <= now and not self._in_flight(order.id)
        ]
        return tuple(order.id for order in sorted(due, key=lambda order: order.expires_at or now)[:limit])

    def _in_flight(self, order_id: str) -> bool:
        return any(not each.settled and each.next_action is None for each in self._operations.by("order", order_id))

    def _write_history(self, order: Order) -> None:
        for entry in order.take_history():
            self._history.add(self._session.next("order_history"), HistoryRow(order.id, entry))


class MemoryOrderViews:
    """`OrderViews` over committed rows."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def get(self, order_id: str, /) -> OrderView:
        with self._database.reading() as session:
            order = session.table(ORDERS).get(order_id)
            if order is None:
                raise NotFound("order", order_id)
            operations = session.table(OPERATIONS).by("order", order_id)
            return OrderView.of(order, operations[-1] if operations else None)

    async def list(self, wanted: OrderFilter, page: PageRequest, /) -> Page[OrderSummary]:
        with self._database.reading() as session:
            wanted = _of_customer(session, wanted)
            rows = session.table(ORDERS)
            found = rows.by("customer", wanted.customer_id) if wanted.customer_id else list(rows.values())
        return page_of(
            (order for order in found if _matches(order, wanted)),
            page,
            _summary,
            key=lambda order: order.id,
            sorts={
                "created_at": (datetime, lambda order: order.created_at),
                "number": (int, lambda order: order.number),
                "total": (int, lambda order: order.total.amount),
            },
            default="-created_at",
        )

    async def customers_of(self, order_ids: Sequence[str], /) -> dict[str, str | None]:
        with self._database.reading() as session:
            rows = session.table(ORDERS)
            found = [order for order_id in order_ids if (order := rows.get(order_id)) is not None]
        return {order.id: order.customer_id for order in found}

    async def history(self, order_id: str, /) -> tuple[HistoryView, ...]:
        with self._database.reading() as session:
            rows = session.table(ORDER_HISTORY).by("order", order_id)
        return tuple(
            HistoryView(at=row.entry.at, actor=row.entry.actor, action=row.entry.action, data=row.entry.data)
            for row in rows
        )

    async def payments(self, order_id: str, /) -> tuple[PaymentView, ...]:
        with self._database.reading() as session:
            operations = session.table(OPERATIONS)
            return tuple(
                PaymentView.of(payment, operations.by("payment", payment.id))
                for payment in session.table(PAYMENTS).by("order", order_id)
            )

    async def refunds(self, order_id: str, /) -> tuple[RefundView, ...]:
        with self._database.reading() as session:
            return tuple(RefundView.of(refund) for refund in session.table(REFUNDS).by("order", order_id))

    async def totals(self, wanted: OrderFilter, /) -> tuple[OrderTotal, ...]:
        sums: dict[str, list[int]] = {}
        with self._database.reading() as session:
            wanted = _of_customer(session, wanted)
            for order in session.table(ORDERS).values():
                if _matches(order, wanted):
                    row = sums.setdefault(order.currency, [0, 0, 0, 0])
                    for place, value in enumerate((1, order.total.amount, order.captured, order.refunded)):
                        row[place] += value
        return tuple(
            OrderTotal(
                currency=currency,
                orders=count,
                total=Money(total, currency),
                captured=Money(captured, currency),
                refunded=Money(refunded, currency),
            )
            for currency, (count, total, captured, refunded) in sorted(sums.items())
        )


def _of_customer(session: Session, wanted: OrderFilter) -> OrderFilter:
    """The filter with the user's customer in the place of the user; nobody's, if there is none."""
    if wanted.user_id is None:
        return wanted
    customer = session.table(CUSTOMERS).one("user", wanted.user_id)
    found = customer is not None and wanted.customer_id in (None, customer.id)
    return msgspec.structs.replace(wanted, user_id=None, customer_id=customer.id if customer and found else "")


def _matches(order: Order, wanted: OrderFilter) -> bool:
    return (
        (wanted.customer_id is None or order.customer_id == wanted.customer_id)
        and (wanted.status is None or order.status is wanted.status)
        and (wanted.number is None or order.number == wanted.number)
        and (wanted.created_from is None or order.created_at >= wanted.created_from)
        and (wanted.created_before is None or order.created_at < wanted.created_before)
    )


def _summary(order: Order) -> OrderSummary:
    return OrderSummary(
        id=order.id,
        number=order.number,
        version=order.version,
        status=order.status,
        fulfillment_status=order.fulfillment,
        payment_status=order.payment_status,
        total=order.total,
        captured=Money(order.captured, order.currency),
        refunded=Money(order.refunded, order.currency),
        customer_id=order.customer_id,
        created_at=order.created_at,
        placed_at=order.placed_at,
    )
