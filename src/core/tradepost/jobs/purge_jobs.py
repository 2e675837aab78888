"""Forget jobs done long ago and the history of their runs."""

from datetime import timedelta

from tradepost.jobs.ports import HasJobQueue
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.transactions import Transactions

_AT_ONCE = 1_000  # rows a transaction, so that nobody waits long for it


class PurgeJobs:
    """Forgets what ended longer ago than `keep`, and of the runs all but the latest `most_runs`; says how much that was.
    Run it as a recurring job. Dead jobs stay until somebody has looked at them."""

    access = the_shop_itself()

    def __init__(
        self,
        transactions: Transactions[HasJobQueue],
        clock: Clock,
        *,
        keep: timedelta = timedelta(days=7),
        most_runs: int = 100_000,
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._keep = keep
        self._most_runs = most_runs

    async def __call__(self) -> int:
        before = self._clock.now() - self._keep

        async def work(tx: HasJobQueue) -> int:
            return await tx.job_queue.purge(before, self._most_runs, _AT_ONCE)

        forgotten = 0
        while batch := await self._transactions.run(work):
            forgotten += batch
        return forgotten
