"""What people see of orders, in lines and in tables."""

from typing import TYPE_CHECKING

from tradepost.kernel.money import Money

if TYPE_CHECKING:
    from tradepost.orders import HistoryView, OrderSummary, OrderTotal, OrderView, PaymentView, RefundView
    from tradepost.orders.lines import OrderLine, Parcel
    from tradepost.payments.views import DisputeView
    from tradepost_entrypoints.cli.output import Fields

SUMMARY: "Fields[OrderSummary]" = {
    "Number": lambda order: str(order.number),
    "Status": lambda order: order.status,
    "Payment": lambda order: order.payment_status,
    "Fulfillment": lambda order: order.fulfillment_status,
    "Total": lambda order: order.total,
    "Captured": lambda order: order.captured,
    "Refunded": lambda order: order.refunded,
    "Created": lambda order: order.created_at,
    "Id": lambda order: order.id,
}
ORDER: "Fields[OrderView]" = {
    "Number": lambda order: order.number,
    "Id": lambda order: order.id,
    "Status": lambda order: order.status,
    "Payment": lambda order: order.payment_status,
    "Fulfillment": lambda order: order.fulfillment_status,
    "Shipping": lambda order: order.shipping and f"{order.shipping.name}, {order.shipping.gross}",
    "Tax": lambda order: order.tax,
    "Total": lambda order: order.total,
    "Authorized": lambda order: order.authorized,
    "Captured": lambda order: order.captured,
    "Refunded": lambda order: order.refunded,
    "Disputed": lambda order: order.disputed if order.disputed else None,
    "Customer": lambda order: order.customer_id,
    "E-mail": lambda order: order.contact.email,
    "Language": lambda order: order.contact.locale,
    "Ship to": lambda order: _address(order),
    "Created": lambda order: order.created_at,
    "Placed": lambda order: order.placed_at,
    "Expires": lambda order: order.expires_at,
    "Ended": lambda order: order.ended_at,
    "External id": lambda order: order.external_id,
}
LINES: "Fields[OrderLine]" = {
    "Line": lambda line: line.number,
    "SKU": lambda line: line.sku,
    "Name": lambda line: line.name,
    "Quantity": lambda line: line.quantity,
    "Price": lambda line: line.unit_price,
    "Total": lambda line: line.total,
    "Tax %": lambda line: line.rate,
    "Sent": lambda line: line.fulfilled,
    "Returned": lambda line: line.returned,
}
PARCELS: "Fields[Parcel]" = {
    "Parcel": lambda parcel: parcel.id,
    "Sent": lambda parcel: parcel.at,
    "Lines": lambda parcel: [f"{line}={quantity}" for line, quantity in parcel.lines],
    "Carrier": lambda parcel: parcel.carrier,
    "Tracking": lambda parcel: parcel.tracking_number,
}
PAYMENTS: "Fields[PaymentView]" = {
    "Payment": lambda payment: payment.id,
    "Method": lambda payment: payment.method,
    "Amount": lambda payment: payment.amount,
    "Held": lambda payment: payment.held,
    "Captured": lambda payment: payment.captured,
    "Refunded": lambda payment: payment.refunded,
    "Refundable": lambda payment: payment.refundable,
    "Operations": lambda payment: [f"{each.kind} {each.status}" for each in payment.operations],
}
REFUNDS: "Fields[RefundView]" = {
    "Refund": lambda refund: refund.id,
    "Amount": lambda refund: refund.amount,
    "Tax": lambda refund: refund.tax,
    "To": lambda refund: "store credit" if refund.store_credit else "payment",
    "Status": lambda refund: refund.status,
    "Reason": lambda refund: refund.reason,
    "By": lambda refund: refund.created_by,
    "Created": lambda refund: refund.created_at,
}
DISPUTES: "Fields[DisputeView]" = {
    "Dispute": lambda dispute: dispute.id,
    "Status": lambda dispute: spoken(dispute.status),
    "Amount": lambda dispute: dispute.amount,
    "Withdrawn": lambda dispute: dispute.withdrawn,
    "Reason": lambda dispute: spoken(dispute.reason),
    "Respond by": lambda dispute: dispute.respond_by,
    "Opened": lambda dispute: dispute.opened_at,
    "Order": lambda dispute: dispute.order_id,
}
DISPUTE: "Fields[DisputeView]" = {
    "Id": lambda dispute: dispute.id,
    "Status": lambda dispute: spoken(dispute.status),
    "Amount": lambda dispute: dispute.amount,
    "Withdrawn": lambda dispute: dispute.withdrawn,
    "Reason": lambda dispute: spoken(dispute.reason),
    "Respond by": lambda dispute: dispute.respond_by,
    "Order": lambda dispute: dispute.order_id,
    "Payment": lambda dispute: dispute.payment_id,
    "Gateway": lambda dispute: dispute.gateway,
    "There known as": lambda dispute: dispute.reference,
    "Opened": lambda dispute: dispute.opened_at,
    "Settled": lambda dispute: dispute.settled_at,
}
TOTALS: "Fields[OrderTotal]" = {
    "Currency": lambda total: total.currency,
    "Orders": lambda total: total.orders,
    "Total": lambda total: total.total,
    "Captured": lambda total: total.captured,
    "Refunded": lambda total: total.refunded,
}


def history_in(currency: str) -> "Fields[HistoryView]":
    """Who did what, with amounts of that currency as people read them."""

    def said(name: str, value: str | int) -> str:
        return f"{name}={Money(value, currency) if name == 'amount' and isinstance(value, int) else value}"

    return {
        "At": lambda entry: entry.at,
        "By": lambda entry: entry.actor,
        "Did": lambda entry: spoken(entry.action),
        "What": lambda entry: [said(name, value) for name, value in entry.data.items()],
    }


def spoken(word: str) -> str:
    """A status or an action as a sentence has it."""
    return word.replace("_", " ")


def _address(order: "OrderView") -> object:
    to = order.contact.shipping_address
    return to and [
        part for part in (to.name, to.line1, to.line2, to.postal_code, to.city, to.region, to.country) if part
    ]
