"""Pay a pending order: again after a decline, with another token, or a part of it."""

from collections.abc import Sequence

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own_or
from tradepost.kernel.errors import Conflict, Invalid
from tradepost.kernel.idempotency import IdempotencyKey, run_once
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.kernel.tokens import GuestTokens
from tradepost.kernel.transactions import Transactions
from tradepost.orders.operation_runner import OperationRunner
from tradepost.orders.order import Order, OrderStatus
from tradepost.orders.placing import PaymentInput, check_payment
from tradepost.orders.ports import OrderTx
from tradepost.orders.reading import require_access
from tradepost.orders.views import OrderView
from tradepost.payments.payment import Method, Operation, Payment

MAX_TRIES = 30
"""Of one order, in however many parts: more is nobody buying, but somebody trying out cards. Each try looks at all before it,
and whoever ends the order at all of them."""


class PayOrderCommand(msgspec.Struct, frozen=True, kw_only=True):
    """Which order, and the new token. `amount` pays a part; without it, all that is still owed."""

    actor: Actor
    order_id: str
    token: str
    amount: Money | None = None
    order_token: str | None = None
    idempotency: IdempotencyKey | None = None


class PayOrder:
    """Tries to collect what is still owed once more, or a part of it by a payment of its own; the order is placed when
    all of it is there.

    Raises `payment.declined`, `payment.over_capture`, `order.not_payable` when it is no longer pending or its reservation
    has run out, `payment.in_flight` while an earlier try has not been answered: paying twice is worse than waiting, and
    `payment.too_many_tries`.
    """

    access = own_or(Permission.PAYMENTS_WRITE, seen_with=Permission.ORDERS_READ, by_token=True)

    def __init__(
        self,
        transactions: Transactions[OrderTx],
        runner: OperationRunner,
        clock: Clock,
        ids: TypeIds,
        tokens: GuestTokens,
        gateway: str,
    ) -> None:
        self._transactions = transactions
        self._runner = runner
        self._clock = clock
        self._ids = ids
        self._tokens = tokens
        self._gateway = gateway

    async def __call__(self, command: PayOrderCommand) -> OrderView:
        if faults := check_payment(PaymentInput(method=Method.CARD, token=command.token), ""):
            raise Invalid("payment.invalid", "This can not be paid as it is: see errors.", *faults)
        operation_id = self._ids.new("op")
        started: list[tuple[Operation, str | None]] = []
        now = self._clock.now()

        async def work(tx: OrderTx) -> OrderView:
            started.clear()
            order = await tx.orders.get(command.order_id)
            require_access(
                self.access,
                command.actor,
                order_id=order.id,
                customer_id=order.customer_id,
                token=command.order_token,
                tokens=self._tokens,
            )
            if order.status is not OrderStatus.PENDING or (order.expires_at is not None and order.expires_at <= now):
                raise Conflict(
                    "order.not_payable",
                    f"Order {order.number} is {order.status} and takes no payment any more; place a new order.",
                    {"status": order.status},
                )
            payments = await tx.payments.of_order(order.id)
            earlier = [operation for each in payments for operation in await tx.operations.of_payment(each.id)]
            _check_tries(order, earlier)
            amount = _owed(order, command.amount)
            payment = next((each for each in payments if self._tries(each, amount)), None)
            if payment is None:
                payment = Payment(
                    id=self._ids.new("pay"),
                    order_id=order.id,
                    method=Method.CARD,
                    amount=amount,
                    created_at=now,
                    gateway=self._gateway,
                    capture=all(each.capture for each in payments),  # what was to be held only, stays so
                )
                await tx.payments.add(payment)
            operation = payment.authorize(operation_id, command.token, at=now)
            operation.lease(now + self._runner.lease)
            await tx.operations.add(operation)
            order.note("payment_requested", by=command.actor.id, at=now, amount=payment.amount.amount)
            # Saving the order serializes it with a second try, a cancellation and the expiry of the same moment: whoever
            # comes second starts over and sees the first.
            await tx.orders.save(order)
            started.append((operation, payment.gateway))
            return OrderView.of(order, operation)

        view = await run_once(
            self._transactions,
            command.idempotency,
            work,
            OrderView,
            resource_id=operation_id,
            at=now,
            finishes=lambda _: False,
        )
        replayed = command.idempotency is not None and command.idempotency.replayed
        return view if replayed else await self._runner.collect(*started[0])

    def _tries(self, payment: Payment, amount: Money) -> bool:
        """Whether it is for that amount, through the gateway that takes the money now, and nothing came of it yet."""
        return payment.gateway == self._gateway and not payment.authorized and payment.amount == amount


def _check_tries(order: Order, earlier: Sequence[Operation]) -> None:
    if any(not operation.settled for operation in earlier):
        raise Conflict(
            "payment.in_flight",
            "An earlier payment of this order has not been answered yet; read the order again in a moment.",
            {"retry_after": 5},
        )
    if len(earlier) >= MAX_TRIES:
        raise Conflict(
            "payment.too_many_tries",
            f"Order {order.number} was tried to be paid {len(earlier)} times; place a new order.",
        )


def _owed(order: Order, asked: Money | None) -> Money:
    owed = order.total - Money(order.authorized, order.currency)
    if asked is None:
        return owed
    if asked.currency != order.currency:
        raise Invalid("money.currency_mismatch", f"Order {order.number} is in {order.currency}.")
    if not 0 < asked.amount <= owed.amount:
        raise Conflict(
            "payment.over_capture",
            f"{owed} is still owed for order {order.number}, not {asked}.",
            {"owed": owed.amount},
        )
    return asked
