"""What orders need from outside."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from tradepost.kernel.idempotency import HasIdempotency
from tradepost.kernel.money import Money
from tradepost.kernel.pages import Page, PageRequest
from tradepost.orders.order import Order, OrderStatus
from tradepost.orders.views import HistoryView, OrderSummary, OrderView, PaymentView, RefundView
from tradepost.payments.ports import HasPayments
from tradepost.pricing.terms import HasTerms
from tradepost.stock.ports import HasStock


class Orders(Protocol):
    """The orders, inside a transaction."""

    async def next_number(self) -> int:
        """A number nobody has; rising, with gaps."""
        ...

    async def get(self, order_id: str, /) -> Order:
        """Raises NotFound."""
        ...

    async def add(self, order: Order, /) -> None: ...

    async def save(self, order: Order, /) -> None:
        """Raises StaleVersion when somebody saved it since."""
        ...

    async def due_to_expire(self, now: datetime, /, *, limit: int) -> tuple[str, ...]:
        """Ids of pending orders whose reservation has run out and whose payment is not in flight (sent and unanswered:
        recovery settles that first), longest overdue first."""
        ...


class HasOrders(Protocol):
    @property
    def orders(self) -> Orders: ...


class SaleTx(HasOrders, HasStock, HasPayments, HasTerms, HasIdempotency, Protocol):
    """What making an order touches."""


class OrderTx(HasOrders, HasStock, HasPayments, HasIdempotency, Protocol):
    """What changing an order touches."""


class OrderFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders a list shows; None means any. `user_id` is the user whose customer bought."""

    customer_id: str | None = None
    user_id: str | None = None
    status: OrderStatus | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None
    number: int | None = None


class OrderTotal(msgspec.Struct, frozen=True, kw_only=True):
    """How many orders there are in a currency and what they come to."""

    currency: str
    orders: int
    total: Money
    captured: Money
    refunded: Money


class OrderViews(Protocol):
    """Orders to look at, outside any transaction: one query each."""

    async def get(self, order_id: str, /) -> OrderView:
        """With the latest operation's next action. Raises NotFound."""
        ...

    async def list(self, wanted: OrderFilter, page: PageRequest, /) -> Page[OrderSummary]:
        """Sorted by `created_at`, `number` or `total`."""
        ...

    async def customers_of(self, order_ids: Sequence[str], /) -> Mapping[str, str | None]:
        """The customer of each of these orders that there is; None for a guest's."""
        ...

    async def history(self, order_id: str, /) -> tuple[HistoryView, ...]:
        """Oldest first."""
        ...

    async def payments(self, order_id: str, /) -> tuple[PaymentView, ...]:
        """With their operations, oldest first."""
        ...

    async def refunds(self, order_id: str, /) -> tuple[RefundView, ...]:
        """Oldest first."""
        ...

    async def totals(self, wanted: OrderFilter, /) -> tuple[OrderTotal, ...]:
        """Per currency."""
        ...
