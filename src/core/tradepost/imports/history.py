"""What an order of another system becomes in the shop: an order that is over, and the payment that paid it elsewhere."""

from collections.abc import Mapping
from datetime import datetime

from tradepost.imports.order_columns import PlannedOrder
from tradepost.imports.ports import KnownOrder
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.orders import bookings
from tradepost.orders.lines import OrderLine
from tradepost.orders.order import FulfillmentStatus, Order, OrderStatus
from tradepost.payments.payment import Method, Payment


def known_of(planned: PlannedOrder) -> KnownOrder:
    """What it comes to, to be compared with what is there."""
    return KnownOrder(planned.currency, planned.total, len(planned.lines))


def order_of(
    planned: PlannedOrder,
    *,
    order_id: str,
    number: int,
    customer_id: str | None,
    names: Mapping[str, str],
    by: str,
    at: datetime,
) -> Order:
    """Completed, fulfilled and paid, at the time it was placed. `names` are the catalog's, for lines without one.

    Its lines are not tracked: the goods never lay on the shop's shelves, so nothing that is done with the order later
    moves stock.
    """
    code = planned.currency
    total = Money(planned.total, code)
    order = Order(
        id=order_id,
        number=number,
        currency=code,
        status=OrderStatus.COMPLETED,
        fulfillment=FulfillmentStatus.FULFILLED,
        lines=tuple(
            [
                OrderLine(
                    number=place,
                    sku=line.sku,
                    name=name or names.get(line.sku) or line.sku,
                    quantity=line.quantity,
                    unit_price=line.unit_price,
                    total=line.total,
                    net=line.net,
                    tax=line.tax,
                    gross=line.gross,
                    rate=line.rate,
                    inclusive=True,
                    tracked=False,
                    fulfilled=line.quantity,
                )
                for place, (line, name) in enumerate(zip(planned.lines, planned.names, strict=True), 1)
            ]
        ),
        shipping=None,
        subtotal=total,
        shipping_total=Money(0, code),
        tax=Money(sum([line.tax.amount for line in planned.lines]), code),
        total=total,
        authorized=total.amount,
        captured=total.amount,
        created_at=planned.placed_at,
        placed_at=planned.placed_at,
        customer_id=customer_id,
        external_id=planned.external_id,
    )
    order.note("imported", by=by, at=at)
    return order


def payment_of(order: Order, ids: TypeIds, *, by: str, at: datetime) -> Payment:
    """Its whole total, collected elsewhere when the order was placed. Both are posted to the ledger as of then."""
    payment = Payment(
        id=ids.new("pay"),
        order_id=order.id,
        method=Method.EXTERNAL,
        amount=order.total,
        authorized=order.total.amount,
        captured=order.total.amount,
        created_at=order.created_at,
    )
    then = order.created_at
    order.book(
        bookings.placed(order, by=by, at=then, recorded_at=at),
        bookings.captured(order, payment, payment.captured, by=by, at=then, recorded_at=at),
    )
    return payment
