"""Reckon pauses and leases anew after the clock was set back."""

from datetime import timedelta

from tradepost.jobs.ports import HasJobQueue
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.transactions import Transactions

_APART = timedelta(minutes=1)  # clocks of several hosts may differ by so much without any being set back
_AT_ONCE = 500


class RealignJobs:
    """Without this a job to be tried again in a minute would wait for an hour and a minute after the clock went back by
    an hour, and so would one whose worker died. Appointed times are kept. Says how many jobs were changed."""

    access = the_shop_itself()

    def __init__(self, transactions: Transactions[HasJobQueue], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def __call__(self) -> int:
        now = self._clock.now()

        async def work(tx: HasJobQueue) -> int:
            ahead = await tx.job_queue.ahead(now + _APART, _AT_ONCE)
            for job in ahead:
                await tx.job_queue.save(job.realigned(now), job.state)
            return len(ahead)

        return await self._transactions.run(work)
