"""What a gateway's answer means for the operation, its payment, its order and its refund: one function, one transaction.

The request path and recovery both come here, so an order ends the same way whoever brings the answer, and an answer
brought twice changes nothing the second time.
"""

from collections.abc import Callable
from datetime import datetime

from tradepost.kernel.errors import Kind, TradepostError
from tradepost.kernel.idempotency import Outcome, Refusal
from tradepost.orders.order import ENDED, Order, OrderStatus
from tradepost.orders.ports import OrderTx
from tradepost.orders.views import OrderView, RefundView
from tradepost.payments.gateway import (
    ActionRequired,
    Approved,
    Authorize,
    Capture,
    Declined,
    GatewayAnswer,
    Pending,
    Refund,
    Void,
)
from tradepost.payments.payment import Operation, OperationStatus, Payment

NewId = Callable[[str], str]
GATEWAY_ACTOR = "system:gateway"
ORDER_ENDED = "order_ended"
"""The reason of refunds that the shop makes by itself."""


def declined(order: Order, operation: Operation) -> TradepostError:
    """The refusal that is seen: the order stays as it is, and while it is pending it can be paid with another token."""
    advice = f"Nothing was collected for order {order.number}."
    if order.status is OrderStatus.PENDING:
        advice = f"Pay order {order.number} with another payment method before its reservation runs out."
    return TradepostError(
        Kind.PAYMENT_DECLINED,
        "payment.declined",
        f"{operation.failure_message or 'The payment was declined.'} {advice}",
        {
            "order_id": order.id,
            "decline_code": operation.failure_code,
            "expires_at": order.expires_at.isoformat() if order.expires_at else None,
        },
    )


async def settle(
    tx: OrderTx, operation_id: str, answer: GatewayAnswer, *, at: datetime, new_id: NewId
) -> tuple[Order, Operation]:
    """Record the answer and everything that follows from it; gives the order and the operation as they are then.

    Follow-up operations (money for an order that has ended goes back by itself) are added unleased, for recovery's
    next round.

    The operation is saved before anything else is read: somebody else may record the same answer at this moment, and what
    they make of the payment is not to be added to a second time, be it only to be refused.
    """
    operation = await tx.operations.get(operation_id)
    before = operation.status
    if not operation.answered(answer, at=at):
        if isinstance(answer, Pending) and not operation.settled:  # no news, and asked after later
            await tx.operations.save(operation)
        return await tx.orders.get(operation.order_id), operation
    await tx.operations.save(operation)
    order = await tx.orders.get(operation.order_id)
    payment = await tx.payments.get(operation.payment_id)
    match operation.request, answer:
        case _, Pending():
            order.note("payment_pending", by=GATEWAY_ACTOR, at=at, operation=operation.id)
        case Authorize(), Approved(reference=reference):
            await _authorized(tx, order, payment, reference, at=at, new_id=new_id)
        case Authorize(), Declined(code=code):
            order.payment_failed(code, by=GATEWAY_ACTOR, at=at)
        case Authorize(), ActionRequired(reference=reference):
            order.note("action_required", by=GATEWAY_ACTOR, at=at)
            if order.status in ENDED:  # it ended before this was known: the buyer must not be able to pay for it
                await tx.operations.add(payment.request_void(new_id("op"), reference, at=at))
        case Capture(amount=amount, final=final), Approved():
            let_go = payment.was_captured(amount.amount, final=final)
            order.money_captured(payment, amount.amount, by=GATEWAY_ACTOR, at=at)
            if let_go:
                order.money_voided(let_go, by=GATEWAY_ACTOR, at=at)
            if order.status in ENDED:
                await give_back(tx, order, payment, at=at, new_id=new_id)
        case Capture(amount=amount), _:
            payment.capture_failed(amount.amount)
            order.payment_failed(operation.failure_code or "capture_failed", by=GATEWAY_ACTOR, at=at)
            if order.status in ENDED:
                await give_back(tx, order, payment, at=at, new_id=new_id)
        case Void(reference=reference), _:
            await _voided(tx, order, payment, operation, reference, at=at)
        case Refund(), _ if before is OperationStatus.SUCCEEDED:
            await _came_back(tx, order, payment, operation, at=at)
        case Refund(), _:
            await _refunded(tx, order, payment, operation, at=at, new_id=new_id)
    await tx.payments.save(payment)
    await tx.orders.save(order)
    await _answer_keys(tx, order, operation)
    return order, operation


async def payment_in_flight(tx: OrderTx, order_id: str) -> bool:
    """Whether a request about its payment was sent, or is about to be, and has no answer yet."""
    for payment in await tx.payments.of_order(order_id):
        for operation in await tx.operations.of_payment(payment.id):
            if not operation.settled and operation.next_action is None:
                return True
    return False


async def undo_payments(tx: OrderTx, order: Order, *, at: datetime, new_id: NewId) -> None:
    """The order has ended: let go of what is held, return what was taken, and stop what waits for the buyer.

    An operation still in flight is left alone: when its answer comes, `settle` sees the ended order and comes here.
    """
    for payment in await tx.payments.of_order(order.id):
        for operation in await tx.operations.of_payment(payment.id):
            if not operation.settled and operation.next_action is not None and operation.reference is not None:
                await tx.operations.add(payment.request_void(new_id("op"), operation.reference, at=at))
        await give_back(tx, order, payment, at=at, new_id=new_id)
        await tx.payments.save(payment)


async def _authorized(
    tx: OrderTx, order: Order, payment: Payment, reference: str, *, at: datetime, new_id: NewId
) -> None:
    amount = payment.amount.amount
    payment.was_authorized(reference)
    order.money_authorized(amount, by=GATEWAY_ACTOR, at=at)
    if payment.capture:
        order.money_captured(payment, amount, by=GATEWAY_ACTOR, at=at)
    if order.status in ENDED:
        await give_back(tx, order, payment, at=at, new_id=new_id)


async def give_back(tx: OrderTx, order: Order, payment: Payment, *, at: datetime, new_id: NewId) -> None:
    """Void what is held and refund what was captured of a payment whose order has ended.

    While a capture is under way nothing is voided: which comes first is the gateway's to say, and only its answer tells
    how much is left to let go of. The capture's end comes here again.
    """
    await _return_captured(tx, order, payment, at=at, new_id=new_id)
    if (
        payment.gateway is not None
        and payment.reference is not None
        and payment.authorized > payment.captured
        and not payment.capturing
    ):
        await tx.operations.add(payment.request_void(new_id("op"), payment.reference, at=at))


async def _return_captured(tx: OrderTx, order: Order, payment: Payment, *, at: datetime, new_id: NewId) -> None:
    left = payment.refundable
    if left > 0:
        refund, operation = payment.request_refund(
            new_id("op"), new_id("re"), left, reason=ORDER_ENDED, by=GATEWAY_ACTOR, at=at
        )
        if operation is None:  # taken by hand, so given back by hand
            payment.refund_ended(left, succeeded=True)
            refund.ended(succeeded=True, at=at)
            order.money_refunded(payment, refund, by=GATEWAY_ACTOR, at=at)
        else:
            await tx.operations.add(operation)
        await tx.refunds.add(refund)


async def _voided(
    tx: OrderTx, order: Order, payment: Payment, operation: Operation, reference: str, *, at: datetime
) -> None:
    approved = operation.status is OperationStatus.SUCCEEDED
    if payment.authorized > payment.captured:
        if approved:
            order.money_voided(payment.was_voided(), by=GATEWAY_ACTOR, at=at)
        else:
            order.note("void_failed", by=GATEWAY_ACTOR, at=at, code=operation.failure_code or "")
    for waiting in await tx.operations.of_payment(payment.id):
        if waiting.settled or waiting.next_action is None or waiting.reference != reference:
            continue
        if approved:  # the buyer can no longer confirm it
            waiting.answered(Declined(code="expired", message="It was not confirmed in time."), at=at)
        else:  # the buyer was faster: recovery asks the gateway what became of it
            waiting.next_action = None
            waiting.lease_until = at
        await tx.operations.save(waiting)


async def _refunded(
    tx: OrderTx, order: Order, payment: Payment, operation: Operation, *, at: datetime, new_id: NewId
) -> None:
    refund = await tx.refunds.get(operation.refund_id or "")
    amount = refund.amount.amount
    succeeded = operation.status is OperationStatus.SUCCEEDED
    payment.refund_ended(amount, succeeded=succeeded)
    refund.ended(succeeded=succeeded, at=at, code=operation.failure_code)
    await tx.refunds.save(refund)
    if succeeded:
        order.money_refunded(payment, refund, by=GATEWAY_ACTOR, at=at)
        return
    order.refund_failed(amount, operation.failure_code or "refund_failed", by=GATEWAY_ACTOR, at=at)
    # Once: a gateway that refuses to return what an ended order left behind needs a person.
    if order.status in ENDED and refund.reason != ORDER_ENDED:
        await _return_captured(tx, order, payment, at=at, new_id=new_id)


async def _came_back(tx: OrderTx, order: Order, payment: Payment, operation: Operation, *, at: datetime) -> None:
    """A refund that had succeeded has failed: nothing is sent again by itself, as the way it went is closed."""
    refund = await tx.refunds.get(operation.refund_id or "")
    payment.refund_came_back(refund.amount.amount)
    refund.ended(succeeded=False, at=at, code=operation.failure_code)
    await tx.refunds.save(refund)
    order.refund_came_back(payment, refund, by=GATEWAY_ACTOR, at=at)
    order.refund_failed(refund.amount.amount, operation.failure_code or "refund_failed", by=GATEWAY_ACTOR, at=at)


async def _answer_keys(tx: OrderTx, order: Order, operation: Operation) -> None:
    """Store the answer for a caller that came with an idempotency key, whoever brought it to its end."""
    if isinstance(operation.request, Refund):
        if operation.refund_id is not None:
            outcome = Outcome.success(RefundView.of(await tx.refunds.get(operation.refund_id)))
            await tx.idempotency.finish(operation.id, outcome)
    elif operation.status is OperationStatus.FAILED and isinstance(operation.request, Authorize | Capture):
        await tx.idempotency.finish(operation.id, Outcome(refusal=Refusal.of(declined(order, operation))))
    else:
        await tx.idempotency.finish(operation.id, Outcome.success(OrderView.of(order, operation)))
