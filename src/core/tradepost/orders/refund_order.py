"""Give money back, in whole or in part, with or without putting goods back on the shelf."""

from collections import Counter

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.errors import Conflict, Fault, Invalid
from tradepost.kernel.idempotency import IdempotencyKey, run_once
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.kernel.transactions import Transactions
from tradepost.orders.lines import OrderLine
from tradepost.orders.operation_runner import OperationRunner
from tradepost.orders.order import Order
from tradepost.orders.ports import OrderTx
from tradepost.orders.refund_limit import refund_in_all
from tradepost.orders.views import RefundView
from tradepost.payments.payment import Operation, Payment, Refund, RefundLine, RefundStatus
from tradepost.stock.level import Reason


class RefundOrderCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What to give back: an `amount`, or `lines` (their price, shipping not included), or neither: all that is left.

    With both, `amount` is what goes back and `lines` say what it is for and what is restocked.
    """

    actor: Actor
    order_id: str
    amount: Money | None = None
    lines: tuple[RefundLine, ...] = ()
    reason: str = "requested"
    idempotency: IdempotencyKey | None = None


class RefundOrder:
    """Starts the refund and tells what became of it: `succeeded`, `failed`, or `pending` while the gateway has not said.

    Never gives back more than was captured, however many ask at once, nor a unit of a line twice unless an amount is
    named. Goods that are restocked stay so even if the gateway refuses: they have come back. A limit of the caller's
    role is for all that they give back on one order, so many small refunds do not get past it.

    Raises `order.nothing_to_refund`, `payment.over_refund`, `order.refund_invalid` naming every bad line,
    `order.not_returnable`, `auth.refund_limit`.
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
            payment = _refundable(order, await tx.payments.of_order(order.id))
            earlier = await tx.refunds.of_order(order.id)
            amount = _amount(order, payment, earlier, command)
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
                lines=command.lines,
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
                order.money_refunded(refund.amount.amount, by=command.actor.id, at=now)
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


def _refundable(order: Order, payments: tuple[Payment, ...]) -> Payment:
    for payment in payments:
        if payment.captured > payment.refunded + payment.refunding:
            return payment
    raise Conflict(
        "order.nothing_to_refund", f"Order {order.number} is {order.payment_status}: nothing is left to refund."
    )


def _amount(order: Order, payment: Payment, earlier: tuple[Refund, ...], command: RefundOrderCommand) -> int:
    refunded: Counter[int] = Counter()
    if command.amount is None:
        for refund in earlier:
            if refund.status is not RefundStatus.FAILED:
                for each in refund.lines:
                    refunded[each.line] += each.quantity
    faults = []
    seen: Counter[int] = Counter()
    for place, wanted in enumerate(command.lines):
        line = next((line for line in order.lines if line.number == wanted.line), None)
        seen[wanted.line] += wanted.quantity
        if line is None:
            faults.append(Fault(f"/lines/{place}/line", f"the order has no line {wanted.line}"))
        elif wanted.quantity < 1 or seen[wanted.line] > line.quantity - refunded[wanted.line]:
            left = max(line.quantity - refunded[wanted.line], 0)
            faults.append(
                Fault(f"/lines/{place}/quantity", f"line {line.number} has {left} of {line.quantity} left to refund")
            )
    if command.amount is not None and command.amount.currency != order.currency:
        faults.append(Fault("/amount/currency", f"the order is in {order.currency}"))
    if command.amount is not None and command.amount.amount <= 0:
        faults.append(Fault("/amount/amount", "must be above zero"))
    if faults:
        raise Invalid("order.refund_invalid", "This can not be refunded as it is: see errors.", *faults)
    if command.amount is not None:
        return command.amount.amount
    if not command.lines:
        return payment.captured - payment.refunded - payment.refunding
    return sum(
        _cost(order.line(number), refunded[number] + quantity) - _cost(order.line(number), refunded[number])
        for number, quantity in seen.items()
    )


def _cost(line: OrderLine, units: int) -> int:
    """What the first `units` of a line cost the buyer: all of them together cost what the line did, to the cent."""
    each, over = divmod(line.gross.amount, line.quantity)
    return each * units + min(over, units)
