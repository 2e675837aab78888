"""Collect money: what a card holds, or what arrived for an order that is paid later."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.errors import Conflict, Invalid
from tradepost.kernel.idempotency import IdempotencyKey, run_once
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.kernel.transactions import Transactions
from tradepost.orders.operation_runner import OperationRunner
from tradepost.orders.order import ENDED, Order, OrderStatus
from tradepost.orders.ports import OrderTx
from tradepost.orders.settlement import declined
from tradepost.orders.views import OrderView
from tradepost.payments.payment import Operation, OperationStatus, Payment


class CapturePaymentCommand(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the order's payment to collect; without `amount`, all that is held or still owed.

    `final` lets go of the rest. `payment_id` says which payment, where several hold something.
    """

    actor: Actor
    order_id: str
    amount: Money | None = None
    final: bool = False
    payment_id: str | None = None
    idempotency: IdempotencyKey | None = None


class CapturePayment:
    """Captures a held card payment through its gateway, or records that the money of a manual payment has arrived.

    A gateway that captures but once lets go of the rest whether asked to or not; asked for a part it is taken for the
    last one. Raises `payment.over_capture`, `payment.not_authorized`, `payment.declined`,
    `payment.in_flight`, `order.not_placed`.
    """

    access = staff(Permission.PAYMENTS_WRITE)

    def __init__(
        self, transactions: Transactions[OrderTx], runner: OperationRunner, clock: Clock, ids: TypeIds
    ) -> None:
        self._transactions = transactions
        self._runner = runner
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: CapturePaymentCommand) -> OrderView:
        self.access.check(command.actor)
        operation_id = self._ids.new("op")
        started: list[tuple[Operation, str]] = []
        now = self._clock.now()

        async def work(tx: OrderTx) -> OrderView:
            started.clear()
            order = await tx.orders.get(command.order_id)
            if order.status in ENDED or order.status is OrderStatus.PENDING:
                raise Conflict(
                    "order.not_placed", f"Order {order.number} is {order.status}; nothing can be collected for it."
                )
            if command.amount is not None and command.amount.currency != order.currency:
                raise Invalid("money.currency_mismatch", f"Order {order.number} is in {order.currency}.")
            payment = _to_capture(order, await tx.payments.of_order(order.id), command.payment_id)
            amount = command.amount.amount if command.amount is not None else None
            if payment.gateway is None:
                received = amount if amount is not None else payment.amount.amount - payment.captured
                payment.received(received)
                order.money_authorized(received, by=command.actor.id, at=now)
                order.money_captured(payment, received, by=command.actor.id, at=now)
            else:
                capturing = payment.capturing
                final = command.final or not self._runner.several_captures(payment.gateway)
                operation = payment.request_capture(operation_id, amount, final=final, at=now)
                operation.lease(now + self._runner.lease)
                await tx.operations.add(operation)
                order.note("capture_requested", by=command.actor.id, at=now, amount=payment.capturing - capturing)
                started.append((operation, payment.gateway))
            await tx.payments.save(payment)
            await tx.orders.save(order)  # serializes it with a cancellation of the same moment
            return OrderView.of(order)

        view = await run_once(
            self._transactions,
            command.idempotency,
            work,
            OrderView,
            resource_id=operation_id,
            at=now,
            finishes=lambda _: not started,
        )
        if not started or (command.idempotency is not None and command.idempotency.replayed):
            return view
        order, operation = await self._runner.send(*started[0])
        if operation.status is OperationStatus.FAILED:
            raise declined(order, operation)
        return OrderView.of(order, operation)


def _to_capture(order: Order, payments: tuple[Payment, ...], payment_id: str | None) -> Payment:
    """The one that is named, or the first of which something is left to collect."""
    for payment in payments:
        held = payment.held + payment.capturing  # while that is under way, it is what has to be waited for
        left = held if payment.gateway is not None else payment.amount.amount - payment.captured
        if payment.id == payment_id or (payment_id is None and left):
            return payment
    if payment_id is not None or not payments:
        raise Conflict("payment.not_authorized", f"Order {order.number} has no such payment.")
    return payments[-1]
