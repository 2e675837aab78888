"""The money of orders: pay, confirm, capture, refund."""

from typing import Annotated

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.errors import Kind
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost.kernel.ids import id_pattern
from tradepost.kernel.money import Money
from tradepost.orders import (
    CapturePayment,
    CapturePaymentCommand,
    ConfirmPayment,
    ConfirmPaymentCommand,
    OrderView,
    PayOrder,
    PayOrderCommand,
    RefundLine,
    RefundOrder,
    RefundOrderCommand,
    RefundView,
)
from tradepost.payments.payment import RefundStatus
from tradepost_entrypoints.http.endpoint import Refusal, endpoint
from tradepost_entrypoints.http.envelope import One
from tradepost_entrypoints.http.routes.orders import DECLINED, GONE, OrderId, OrderToken, Text, order_answer

PaymentId = Annotated[
    str,
    msgspec.Meta(
        pattern=id_pattern("pay"), max_length=40, description="A payment's id, as the order's history has it."
    ),
]

_NOT_PAYABLE = Refusal(
    Kind.CONFLICT,
    "order.not_payable",
    "Order 100001 is expired and takes no payment any more; place a new order.",
    {"status": "expired"},
)
_IN_FLIGHT = Refusal(
    Kind.CONFLICT,
    "payment.in_flight",
    "An earlier payment of this order has not been answered yet; read the order again in a moment.",
    {"retry_after": 5},
)
_TOO_MANY = Refusal(
    Kind.CONFLICT, "payment.too_many_tries", "Order 100001 was tried to be paid 30 times; place a new order."
)
_OVER_CAPTURE = Refusal(
    Kind.CONFLICT,
    "payment.over_capture",
    "pay_01m7y7tsamexgajdq8dqk7k2b9 holds 1500 to capture, not 1600.",
    {"held": 1500},
)
_CURRENCY = Refusal(Kind.INVALID, "money.currency_mismatch", "Order 100001 is in EUR.")
_TOKEN = Refusal(Kind.INVALID, "payment.invalid", "This can not be paid as it is: see errors.")
_NOTHING_WAITS = Refusal(
    Kind.CONFLICT, "payment.nothing_to_confirm", "Order 100001 has no payment waiting to be confirmed."
)
_NOT_PLACED = Refusal(Kind.CONFLICT, "order.not_placed", "Order 100001 is pending; nothing can be collected for it.")
_NOT_AUTHORIZED = Refusal(Kind.CONFLICT, "payment.not_authorized", "Order 100001 has no such payment.")


class PayBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The token of a payment method, and how much it pays: all that is still owed without an amount."""

    token: Text
    amount: Money | None = None


@endpoint(
    "POST",
    "/orders/{order_id}/pay",
    tag="Orders",
    also=(202,),
    errors=(DECLINED, _NOT_PAYABLE, _IN_FLIGHT, _TOO_MANY, _OVER_CAPTURE, _CURRENCY, _TOKEN, GONE),
    example={"token": "tok_success", "amount": {"amount": 1500, "currency": "EUR"}},
)
async def pay_order(
    order_id: OrderId,
    data: PayBody,
    actor: Actor,
    order_token: OrderToken,
    key: IdempotencyKey | None,
    pay_order: PayOrder,
) -> One[OrderView]:
    """Pay a pending order with another token after a decline, or a part of it: it is placed once all of it is there."""
    view = await pay_order(
        PayOrderCommand(
            actor=actor,
            order_id=order_id,
            token=data.token,
            amount=data.amount,
            order_token=order_token,
            idempotency=key,
        )
    )
    return order_answer(view, 200)


@endpoint("POST", "/orders/{order_id}/confirm", tag="Orders", also=(202,), errors=(DECLINED, _NOTHING_WAITS, GONE))
async def confirm_payment(
    order_id: OrderId, actor: Actor, order_token: OrderToken, confirm_payment: ConfirmPayment
) -> One[OrderView]:
    """Go on after the buyer has done what `next_action` asked for. Safe to repeat."""
    view = await confirm_payment(ConfirmPaymentCommand(actor=actor, order_id=order_id, order_token=order_token))
    return order_answer(view, 200)


class CaptureBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much; all that is held or owed without it. With `final` the rest is let go of. `payment_id` says of which
    payment, where there are several."""

    amount: Money | None = None
    final: bool = False
    payment_id: PaymentId | None = None


@endpoint(
    "POST",
    "/orders/{order_id}/capture",
    tag="Orders",
    errors=(DECLINED, _NOT_PLACED, _OVER_CAPTURE, _IN_FLIGHT, _NOT_AUTHORIZED, _CURRENCY, GONE),
    example={"amount": {"amount": 1500, "currency": "EUR"}, "final": True},
)
async def capture_payment(
    order_id: OrderId, data: CaptureBody, actor: Actor, key: IdempotencyKey | None, capture_payment: CapturePayment
) -> One[OrderView]:
    """Collect what a card holds, in one part or several, or record that the money of a manual payment has arrived.

    Some gateways capture a payment once: there a part is the last one, and the rest is let go of. For staff.
    """
    command = CapturePaymentCommand(
        actor=actor,
        order_id=order_id,
        amount=data.amount,
        final=data.final,
        payment_id=data.payment_id,
        idempotency=key,
    )
    return order_answer(await capture_payment(command), 200)


class RefundBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An amount, or lines, or neither: everything that is left. `payment_id` says of which payment, where the order was
    paid in parts. With `store_credit` the customer gets it in their wallet."""

    amount: Money | None = None
    lines: Annotated[tuple[RefundLine, ...], msgspec.Meta(max_length=200)] = ()
    reason: Text = "requested"
    payment_id: PaymentId | None = None
    store_credit: bool = False


@endpoint(
    "POST",
    "/orders/{order_id}/refunds",
    tag="Orders",
    status=201,
    also=(202,),
    errors=(
        Refusal(Kind.CONFLICT, "payment.over_refund", "5.00 EUR of this payment can be refunded, not 6.00 EUR."),
        Refusal(Kind.CONFLICT, "order.nothing_to_refund", "Order 100001 is refunded: nothing is left to refund."),
        Refusal(
            Kind.CONFLICT,
            "order.several_payments",
            "Order 100001 was paid in 2 parts; say which payment is to be refunded.",
            {"payments": {"pay_01m7y7tsamexgajdq8dqk7k2b9": 500, "pay_01m7y7tsamexgajdq8dqk7k2ba": 1500}},
        ),
        Refusal(
            Kind.CONFLICT,
            "order.no_customer",
            "Order 100001 is a guest's, who has no store credit; refund the payment.",
        ),
        Refusal(
            Kind.CONFLICT, "order.not_placed", "Order 100001 is pending; cancel it, and all it has paid goes back."
        ),
        Refusal(Kind.CONFLICT, "order.not_returnable", "Line 1 has 0 sent and not returned, not 1."),
        Refusal(Kind.INVALID, "order.refund_invalid", "This can not be refunded as it is: see errors."),
        GONE,
    ),
    example={"lines": [{"line": 1, "quantity": 1, "restock": True}], "reason": "damaged"},
)
async def refund_order(
    order_id: OrderId, data: RefundBody, actor: Actor, key: IdempotencyKey | None, refund_order: RefundOrder
) -> One[RefundView]:
    """Give money back, restocking or not, or store credit for it. 202 while the gateway has not said, or a bank has to
    carry it out. For staff."""
    view = await refund_order(
        RefundOrderCommand(
            actor=actor,
            order_id=order_id,
            amount=data.amount,
            lines=data.lines,
            reason=data.reason,
            payment_id=data.payment_id,
            store_credit=data.store_credit,
            idempotency=key,
        )
    )
    status = 202 if view.status is RefundStatus.PENDING else 201
    return One(view, status=status, location=f"/orders/{order_id}/history", links={"order": f"/orders/{order_id}"})


ROUTES = (
    pay_order,
    confirm_payment,
    capture_payment,
    refund_order,
)
