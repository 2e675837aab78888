"""Tell others which carts lie idle, so that somebody may remind their owners."""

from tradepost.carts.policy import CartPolicy
from tradepost.carts.ports import HasCarts
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.transactions import Transactions

_AT_ONCE = 50  # carts a transaction, so that no buyer waits long for it


class ReportAbandonedCarts:
    """Tells of every cart with something in it that nobody has touched for `abandoned_after`, once until somebody does;
    says how many. Run it as a recurring job: any number may run at once."""

    access = the_shop_itself()

    def __init__(self, transactions: Transactions[HasCarts], clock: Clock, policy: CartPolicy) -> None:
        self._transactions = transactions
        self._clock = clock
        self._policy = policy

    async def __call__(self) -> int:
        now = self._clock.now()

        async def work(tx: HasCarts) -> int:
            idle = await tx.carts.idle(now - self._policy.abandoned_after, _AT_ONCE)
            for cart_id in idle:
                cart = await tx.carts.get(cart_id)
                cart.abandon(at=now)
                await tx.carts.save(cart)
            return len(idle)

        told = 0
        while batch := await self._transactions.run(work):
            told += batch
        return told
