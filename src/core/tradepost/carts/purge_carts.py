"""Forget the carts of guests who do not come back."""

from tradepost.carts.policy import CartPolicy
from tradepost.carts.ports import HasCarts
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.transactions import Transactions

_AT_ONCE = 500  # rows a transaction, so that no buyer waits long for it


class PurgeCarts:
    """Forgets the carts of guests that nobody has touched for `guests_kept`, and the addresses in them; says how many.
    One that became an order stays. Run it as a recurring job."""

    access = the_shop_itself()

    def __init__(self, transactions: Transactions[HasCarts], clock: Clock, policy: CartPolicy) -> None:
        self._transactions = transactions
        self._clock = clock
        self._policy = policy

    async def __call__(self) -> int:
        before = self._clock.now() - self._policy.guests_kept

        async def work(tx: HasCarts) -> int:
            return await tx.carts.forget_guests(before, _AT_ONCE)

        forgotten = 0
        while batch := await self._transactions.run(work):
            forgotten += batch
        return forgotten
