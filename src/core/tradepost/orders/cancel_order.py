"""Cancel an order before anything of it left: stock returns, money returns."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own_or
from tradepost.kernel.idempotency import IdempotencyKey, run_once
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.tokens import GuestTokens
from tradepost.kernel.transactions import Transactions
from tradepost.orders.ports import OrderTx
from tradepost.orders.reading import require_access
from tradepost.orders.settlement import undo_payments
from tradepost.orders.views import OrderView
from tradepost.stock.level import Reason


class CancelOrderCommand(msgspec.Struct, frozen=True, kw_only=True):
    """Which order and why. `expected_version` is the version the caller had read, if it wants to be sure."""

    actor: Actor
    order_id: str
    reason: str = "requested"
    expected_version: int | None = None
    order_token: str | None = None
    idempotency: IdempotencyKey | None = None


class CancelOrder:
    """Ends the order. Money held is let go and money taken goes back, by operations that recovery sends at once.

    Raises `order.fulfilled` when something has left (refund it instead), `order.illegal_state` when it has ended in
    another way, `precondition.failed`.
    """

    access = own_or(Permission.ORDERS_WRITE, seen_with=Permission.ORDERS_READ, by_token=True)

    def __init__(self, transactions: Transactions[OrderTx], clock: Clock, ids: TypeIds, tokens: GuestTokens) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids
        self._tokens = tokens

    async def __call__(self, command: CancelOrderCommand) -> OrderView:
        now = self._clock.now()

        async def work(tx: OrderTx) -> OrderView:
            order = await tx.orders.get(command.order_id)
            require_access(
                self.access,
                command.actor,
                order_id=order.id,
                customer_id=order.customer_id,
                token=command.order_token,
                tokens=self._tokens,
            )
            order.at_version(command.expected_version)
            before = order.status
            returned = order.cancel(command.reason, by=command.actor, at=now)
            if order.status is before:
                return OrderView.of(order)
            if returned:
                await tx.stock.apply(
                    returned, reason=Reason.RELEASED, reference=order.id, actor=command.actor.id, at=now
                )
            await undo_payments(tx, order, at=now, new_id=self._ids.new)
            await tx.orders.save(order)
            return OrderView.of(order)

        return await run_once(
            self._transactions, command.idempotency, work, OrderView, resource_id=command.order_id, at=now
        )
