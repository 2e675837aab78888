"""End the pending orders whose reservation has run out: their stock is for sale again."""

from tradepost.kernel.access import system
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.errors import Kind, TradepostError
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.orders.ports import OrderTx
from tradepost.orders.settlement import payment_in_flight, undo_payments
from tradepost.stock.level import Reason

BATCH = 100


class ExpireOrders:
    """Ends each in a transaction of its own, so one that is refused holds back no other, and goes on while there is more
    to do and something of it gets done.

    Gives how many ended. An order with a payment in flight is left to recovery first.
    """

    access = the_shop_itself()

    def __init__(self, transactions: Transactions[OrderTx], clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids

    async def __call__(self) -> int:
        ended = 0
        while True:
            listed, done = await self._round()
            ended += done
            if listed < BATCH or not done:
                return ended

    async def _round(self) -> tuple[int, int]:
        """How many were due, and how many of them ended."""
        now = self._clock.now()
        actor = system("expiry").id

        async def due(tx: OrderTx) -> tuple[str, ...]:
            return await tx.orders.due_to_expire(now, limit=BATCH)

        ended = 0
        listed = await self._transactions.run(due)
        for order_id in listed:

            async def work(tx: OrderTx, order_id: str = order_id) -> bool:
                order = await tx.orders.get(order_id)
                if await payment_in_flight(tx, order_id):  # begun since it was listed
                    return False
                returned = order.expire(by=actor, at=now)
                if returned:
                    await tx.stock.apply(returned, reason=Reason.RELEASED, reference=order.id, actor=actor, at=now)
                await undo_payments(tx, order, at=now, new_id=self._ids.new)
                await tx.orders.save(order)
                return True

            try:
                ended += await self._transactions.run(work)
            except TradepostError as error:
                if error.kind is not Kind.CONFLICT:
                    raise
                # Paid or canceled since it was listed, or changed again and again: the next round looks anew.
        return len(listed), ended
