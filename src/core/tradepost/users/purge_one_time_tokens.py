"""Forget links that expired."""

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.transactions import Transactions
from tradepost.users.one_time_token import WINDOW
from tradepost.users.ports import HasOneTimeTokens

_BATCH = 500


class PurgeOneTimeTokens:
    """Forgets links some time after they expired, in batches, and says how many."""

    access = the_shop_itself()

    def __init__(self, transactions: Transactions[HasOneTimeTokens], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def __call__(self) -> int:
        before = self._clock.now() - WINDOW
        total = 0
        while True:

            async def work(tx: HasOneTimeTokens) -> int:
                return await tx.one_time_tokens.purge(before, _BATCH)

            gone = await self._transactions.run(work)
            total += gone
            if gone < _BATCH:
                return total
