"""What callers see of orders, payments and refunds: plain, frozen, versioned."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from tradepost.kernel.addresses import Contact
from tradepost.kernel.money import Money
from tradepost.orders.lines import OrderLine, Parcel, ShippingLine
from tradepost.orders.order import FulfillmentStatus, Order, OrderStatus, PaymentStatus
from tradepost.payments.gateway import Authorize, Capture, kind_of
from tradepost.payments.payment import Operation, OperationStatus, Payment, Refund, RefundLine, RefundStatus


class NextAction(msgspec.Struct, frozen=True, kw_only=True):
    """What the buyer has to do before the payment goes on: open `url`, then confirm the order."""

    url: str


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """An order. Money is in minor units of its currency.

    `token` lets a guest read it and is told once, to whoever placed it; `next_action` is there while the payment waits
    for the buyer; `payment_pending` is true while the gateway has not said what became of it.
    """

    id: str
    number: int
    version: int
    status: OrderStatus
    fulfillment_status: FulfillmentStatus
    payment_status: PaymentStatus
    currency: str
    lines: tuple[OrderLine, ...]
    shipping: ShippingLine | None
    subtotal: Money
    shipping_total: Money
    tax: Money
    total: Money
    authorized: Money
    captured: Money
    refunded: Money
    disputed: Money
    customer_id: str | None
    contact: Contact
    parcels: tuple[Parcel, ...]
    created_at: datetime
    placed_at: datetime | None
    expires_at: datetime | None
    ended_at: datetime | None
    external_id: str | None
    metadata: Mapping[str, str]
    next_action: NextAction | None = None
    payment_pending: bool = False
    token: str | None = None

    @classmethod
    def of(cls, order: Order, operation: Operation | None = None) -> "OrderView":
        """`operation` is the order's latest, when it may still be under way."""
        currency = order.currency
        waiting = operation is not None and not operation.settled and isinstance(operation.request, Authorize | Capture)
        url = operation.next_action if operation is not None else None
        return cls(
            id=order.id,
            number=order.number,
            version=order.version,
            status=order.status,
            fulfillment_status=order.fulfillment,
            payment_status=order.payment_status,
            currency=currency,
            lines=order.lines,
            shipping=order.shipping,
            subtotal=order.subtotal,
            shipping_total=order.shipping_total,
            tax=order.tax,
            total=order.total,
            authorized=Money(order.authorized, currency),
            captured=Money(order.captured, currency),
            refunded=Money(order.refunded, currency),
            disputed=Money(order.disputed, currency),
            customer_id=order.customer_id,
            contact=order.contact,
            parcels=order.parcels,
            created_at=order.created_at,
            placed_at=order.placed_at,
            expires_at=order.expires_at,
            ended_at=order.ended_at,
            external_id=order.external_id,
            metadata=order.metadata,
            next_action=NextAction(url=url) if url else None,
            payment_pending=waiting and url is None,
        )


class OrderSummary(msgspec.Struct, frozen=True, kw_only=True):
    """An order in a list."""

    id: str
    number: int
    version: int
    status: OrderStatus
    fulfillment_status: FulfillmentStatus
    payment_status: PaymentStatus
    total: Money
    captured: Money
    refunded: Money
    customer_id: str | None
    created_at: datetime
    placed_at: datetime | None


class HistoryView(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what with an order, and when."""

    at: datetime
    actor: str
    action: str
    data: Mapping[str, str | int]


class OperationView(msgspec.Struct, frozen=True, kw_only=True):
    """One request to the gateway and what came of it."""

    id: str
    kind: str
    status: OperationStatus
    attempts: int
    failure_code: str | None
    created_at: datetime
    settled_at: datetime | None


class PaymentView(msgspec.Struct, frozen=True, kw_only=True):
    """One intended collection and its operations, oldest first.

    `held` is what can still be captured, `refundable` what can still be given back: what is under way counts as done.
    `disputed` is what the buyer's bank took.
    """

    id: str
    order_id: str
    method: str
    gateway: str | None
    amount: Money
    authorized: Money
    captured: Money
    refunded: Money
    disputed: Money
    held: Money
    refundable: Money
    reference: str | None
    created_at: datetime
    operations: tuple[OperationView, ...]

    @classmethod
    def of(cls, payment: Payment, operations: Iterable[Operation]) -> "PaymentView":
        currency = payment.amount.currency
        return cls(
            id=payment.id,
            order_id=payment.order_id,
            method=payment.method,
            gateway=payment.gateway,
            amount=payment.amount,
            authorized=Money(payment.authorized, currency),
            captured=Money(payment.captured, currency),
            refunded=Money(payment.refunded, currency),
            disputed=Money(payment.disputed, currency),
            held=Money(payment.held, currency),
            refundable=Money(payment.refundable, currency),
            reference=payment.reference,
            created_at=payment.created_at,
            operations=tuple(
                OperationView(
                    id=operation.id,
                    kind=kind_of(operation.request),
                    status=operation.status,
                    attempts=operation.attempts,
                    failure_code=operation.failure_code,
                    created_at=operation.created_at,
                    settled_at=operation.settled_at,
                )
                for operation in operations
            ),
        )


class RefundView(msgspec.Struct, frozen=True, kw_only=True):
    """Money going back: `tax` of it was tax of a sale that stood. With `store_credit` it went into the customer's
    wallet, also where it had come out of there."""

    id: str
    order_id: str
    payment_id: str
    amount: Money
    tax: Money
    store_credit: bool
    reason: str
    status: RefundStatus
    lines: tuple[RefundLine, ...]
    failure_code: str | None
    created_by: str
    created_at: datetime
    settled_at: datetime | None

    @classmethod
    def of(cls, refund: Refund) -> "RefundView":
        return cls(
            id=refund.id,
            order_id=refund.order_id,
            payment_id=refund.payment_id,
            amount=refund.amount,
            tax=Money(refund.tax, refund.amount.currency),
            store_credit=refund.wallet is not None,
            reason=refund.reason,
            status=refund.status,
            lines=refund.lines,
            failure_code=refund.failure_code,
            created_by=refund.created_by,
            created_at=refund.created_at,
            settled_at=refund.settled_at,
        )
