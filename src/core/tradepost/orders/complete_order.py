"""Close an order of which everything is sent and paid."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.transactions import Transactions
from tradepost.orders.ports import OrderTx
from tradepost.orders.views import OrderView


class CompleteOrderCommand(msgspec.Struct, frozen=True, kw_only=True):
    """Which order."""

    actor: Actor
    order_id: str
    expected_version: int | None = None


class CompleteOrder:
    """Raises `order.not_fulfilled`, `order.not_paid`, `order.illegal_state`. Completing twice is completing once."""

    access = staff(Permission.ORDERS_WRITE)

    def __init__(self, transactions: Transactions[OrderTx], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def __call__(self, command: CompleteOrderCommand) -> OrderView:
        self.access.check(command.actor)

        async def work(tx: OrderTx) -> OrderView:
            order = await tx.orders.get(command.order_id)
            order.at_version(command.expected_version)
            order.complete(by=command.actor, at=self._clock.now())
            await tx.orders.save(order)
            return OrderView.of(order)

        return await self._transactions.run(work)
