"""Forget those who were sent to a provider and did not come back."""

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.transactions import Transactions
from tradepost.users.identity_ports import HasAttempts

_BATCH = 1000


class PurgeExternalAttempts:
    """Forgets the attempts that have expired; says how many. Run it as a recurring job."""

    access = the_shop_itself()

    def __init__(self, transactions: Transactions[HasAttempts], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def __call__(self) -> int:
        now, forgotten = self._clock.now(), 0
        while True:
            batch = await self._transactions.run(lambda tx: tx.external_attempts.purge(now, _BATCH))
            forgotten += batch
            if batch < _BATCH:
                return forgotten
