"""Forget nonces that nobody could use any more."""

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.transactions import Transactions
from tradepost.users.signatures import HasNonces

_BATCH = 1000


class PurgeNonces:
    """Run by the worker. A signature that is not good any more needs no nonce to be refused. Gives how many went."""

    access = the_shop_itself()

    def __init__(self, transactions: Transactions[HasNonces], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def __call__(self) -> int:
        now = self._clock.now()

        async def work(tx: HasNonces) -> int:
            return await tx.nonces.purge(now, _BATCH)

        gone = 0
        while (batch := await self._transactions.run(work)) > 0:
            gone += batch
        return gone
