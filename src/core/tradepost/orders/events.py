"""Facts about orders. They carry ids and amounts, never personal data."""

from tradepost.kernel.events import Event
from tradepost.kernel.money import Money
from tradepost.payments.gateway import DisputeStatus


class OrderEvent(Event, frozen=True, kw_only=True):
    """What every fact about an order says."""

    order_id: str
    number: int


class OrderPlaced(OrderEvent, frozen=True, kw_only=True, tag="tradepost.order.placed.v1"):
    """The buyer's side is settled; the shop owes the goods."""

    customer_id: str | None
    total: Money


class OrderCanceled(OrderEvent, frozen=True, kw_only=True, tag="tradepost.order.canceled.v1"):
    reason: str


class OrderExpired(OrderEvent, frozen=True, kw_only=True, tag="tradepost.order.expired.v1"):
    """It was not paid before its reservation ran out."""


class OrderCompleted(OrderEvent, frozen=True, kw_only=True, tag="tradepost.order.completed.v1"):
    """Everything sent and paid."""


class ParcelSent(OrderEvent, frozen=True, kw_only=True, tag="tradepost.order.parcel_sent.v1"):
    parcel_id: str


class PaymentCaptured(OrderEvent, frozen=True, kw_only=True, tag="tradepost.order.payment_captured.v1"):
    amount: Money


class PaymentFailed(OrderEvent, frozen=True, kw_only=True, tag="tradepost.order.payment_failed.v1"):
    """A try to pay ended without money. `code` is the gateway's reason."""

    code: str


class RefundFailed(OrderEvent, frozen=True, kw_only=True, tag="tradepost.order.refund_failed.v1"):
    """Money did not go back. `code` is the gateway's reason; somebody has to look after it."""

    amount: Money
    code: str


class OrderDisputed(OrderEvent, frozen=True, kw_only=True, tag="tradepost.order.disputed.v1"):
    """A buyer has asked their bank for the money, or how that stands has changed. `withdrawn` is what is gone by now."""

    dispute_id: str
    status: DisputeStatus
    amount: Money
    withdrawn: Money


class OrderRefunded(OrderEvent, frozen=True, kw_only=True, tag="tradepost.order.refunded.v1"):
    """`refund_id` is None in facts written before it was told."""

    amount: Money
    refund_id: str | None = None
