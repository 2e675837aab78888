"""Forget jobs done long ago and the history of their runs."""

from datetime import timedelta

from tradepost.jobs.ports import HasJobQueue
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.transactions import Transactions

_AT_ONCE = 1_000  # rows a transaction, so that nobody waits long for it


class PurgeJobs:
    """Forgets jobs that were done longer ago than `keep`, and of their runs those older than `keep_runs` and all but the
    latest `most_runs` of each kind and outcome: what happens every other second would crowd out what happens once a day,
    and what went well what did not. Says how much that was.

    Run it as a recurring job. Dead jobs stay until somebody has looked at them.
    """

    access = the_shop_itself()

    def __init__(
        self,
        transactions: Transactions[HasJobQueue],
        clock: Clock,
        *,
        keep: timedelta = timedelta(days=7),
        keep_runs: timedelta = timedelta(days=30),
        most_runs: int = 1_000,
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._keep = keep
        self._keep_runs = keep_runs
        self._most_runs = most_runs

    async def __call__(self) -> int:
        now = self._clock.now()
        before, runs_before = now - self._keep, now - self._keep_runs

        async def work(tx: HasJobQueue) -> int:
            return await tx.job_queue.purge(before, runs_before, self._most_runs, _AT_ONCE)

        forgotten = 0
        while batch := await self._transactions.run(work):
            forgotten += batch
        return forgotten
