"""Forget idempotency keys that were answered long ago."""

from datetime import timedelta

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.idempotency import HasIdempotency
from tradepost.kernel.transactions import Transactions

KEEP = timedelta(hours=48)
"""Callers are promised a day; twice that, so that who retries at the last minute still finds it."""


class PurgeIdempotencyKeys:
    """Forgets answered keys that are older than `keep` and says how many. Run it as a recurring job.

    An unanswered key stays, however old: its work is still under way.
    """

    access = the_shop_itself()

    def __init__(self, transactions: Transactions[HasIdempotency], clock: Clock, *, keep: timedelta = KEEP) -> None:
        self._transactions = transactions
        self._clock = clock
        self._keep = keep

    async def __call__(self) -> int:
        before = self._clock.now() - self._keep

        async def work(tx: HasIdempotency) -> int:
            return await tx.idempotency.purge(before)

        return await self._transactions.run(work)
