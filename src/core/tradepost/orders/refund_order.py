"""Give money back, in whole or in part, with or without putting goods back on the shelf."""

from collections import Counter

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.errors import Conflict
from tradepost.kernel.idempotency import IdempotencyKey, run_once
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.kernel.transactions import Transactions
from tradepost.ledger.chart import WALLET
from tradepost.orders.operation_runner import OperationRunner
from tradepost.orders.order import Order, OrderStatus
from tradepost.orders.ports import OrderTx
from tradepost.orders.refund_amounts import check_refund, of_lines, tax_of, units_refunded
from tradepost.orders.refund_limit import refund_in_all
from tradepost.orders.views import RefundView
from tradepost.payments.payment import Operation, Payment, Refund, RefundLine
from tradepost.stock.level import Reason


class RefundOrderCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What to give back: an `amount`, or `lines` (their price, shipping not included), or neither: all that is left.

    With both, `amount` is what goes back and `lines` say what it is for and what is restocked. An order that was paid in
    parts needs `payment_id`. With `store_credit` the customer gets it in their wallet, and no gateway is asked.
    """

    actor: Actor
    order_id: str
    amount: Money | None = None
    lines: tuple[RefundLine, ...] = ()
    reason: str = "requested"
    payment_id: str | None = None
    store_credit: bool = False
    idempotency: IdempotencyKey | None = None


class RefundOrder:
    """Starts the refund and tells what became of it: `succeeded`, `failed`, or `pending` while the gateway has not said.

    Never gives back more than was captured, however many ask at once, nor a unit of a line twice unless an amount is
    named. Goods that are restocked stay so even if the gateway refuses: they have come back. A limit of the caller's
    role is for all that they give back on one order, so many small refunds do not get past it.

    Raises `order.nothing_to_refund`, `order.several_payments`, `order.not_placed`, `order.no_customer`,
    `payment.over_refund`, `order.refund_invalid` naming every bad line, `order.not_returnable`, `auth.refund_limit`.
    """

    access = staff(Permission.REFUNDS_CREATE)

    def __init__(
        self, transactions: Transactions[OrderTx], runner: OperationRunner, clock: Clock, ids: TypeIds
    ) -> None:
        self._transactions = transactions
        self._runner = runner
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: RefundOrderCommand) -> RefundView:
        self.access.check(command.actor)
        refund_id, operation_id = self._ids.new("re"), self._ids.new("op")
        started: list[tuple[Operation, str | None]] = []
        now = self._clock.now()

        async def work(tx: OrderTx) -> RefundView:
            started.clear()
            order = await tx.orders.get(command.order_id)
            payment = _refundable(order, await tx.payments.of_order(order.id), command.payment_id)
            earlier = await tx.refunds.of_order(order.id)
            amount, tax = _amounts(order, payment, earlier, command)
            self.access.check(
                command.actor, refund_in_all(order.id, earlier, Money(amount, order.currency), by=command.actor)
            )
            refund, operation = payment.request_refund(
                operation_id,
                refund_id,
                amount,
                reason=command.reason,
                by=command.actor.id,
                at=now,
                tax=tax,
                lines=command.lines,
                into=_wallet(order) if command.store_credit else None,
            )
            returns: Counter[int] = Counter()
            for line in command.lines:
                if line.restock:
                    returns[line.line] += line.quantity
            if returns:
                back = order.take_back(returns, by=command.actor, at=now)
                await tx.stock.apply(back, reason=Reason.RETURNED, reference=refund_id, actor=command.actor.id, at=now)
            if operation is None:  # taken by hand, so given back by hand
                payment.refund_ended(refund.amount.amount, succeeded=True)
                refund.ended(succeeded=True, at=now)
                order.money_refunded(payment, refund, by=command.actor.id, at=now)
            else:
                order.note("refund_requested", by=command.actor.id, at=now, amount=refund.amount.amount)
                operation.lease(now + self._runner.lease)
                await tx.operations.add(operation)
                started.append((operation, payment.gateway))
            await tx.payments.save(payment)
            await tx.refunds.add(refund)
            await tx.orders.save(order)
            return RefundView.of(refund)

        view = await run_once(
            self._transactions,
            command.idempotency,
            work,
            RefundView,
            resource_id=operation_id,
            at=now,
            finishes=lambda _: not started,
        )
        if not started or view.id != refund_id:
            return view
        await self._runner.send(*started[0])

        async def read(tx: OrderTx) -> RefundView:
            return RefundView.of(await tx.refunds.get(refund_id))

        return await self._transactions.run(read)


def _amounts(
    order: Order, payment: Payment, earlier: tuple[Refund, ...], command: RefundOrderCommand
) -> tuple[int, int]:
    """What goes back, and the tax in it."""
    refunded = units_refunded(earlier)
    check_refund(order, command.amount, command.lines, refunded)
    exact = None
    if command.amount is not None:
        amount = command.amount.amount
    elif command.lines:
        amount, exact = of_lines(order, command.lines, refunded)
    else:
        amount = payment.refundable
    return amount, tax_of(order, earlier, amount, exact)


def _refundable(order: Order, payments: tuple[Payment, ...], payment_id: str | None) -> Payment:
    if order.status is OrderStatus.PENDING:
        raise Conflict(
            "order.not_placed", f"Order {order.number} is pending; cancel it, and all it has paid goes back."
        )
    left = [payment for payment in payments if payment.refundable and payment_id in (None, payment.id)]
    if not left:
        raise Conflict(
            "order.nothing_to_refund", f"Order {order.number} is {order.payment_status}: nothing is left to refund."
        )
    if len(left) > 1:
        raise Conflict(
            "order.several_payments",
            f"Order {order.number} was paid in {len(left)} parts; say which payment is to be refunded.",
            {"payments": {payment.id: payment.refundable for payment in left}},
        )
    return left[0]


def _wallet(order: Order) -> str:
    if order.customer_id is None:
        raise Conflict(
            "order.no_customer", f"Order {order.number} is a guest's, who has no store credit; refund the payment."
        )
    return WALLET.of(order.currency, order.customer_id)
