"""Take due jobs for a worker."""

from collections.abc import Sequence
from datetime import timedelta

from tradepost.jobs.job import Job, RunOutcome
from tradepost.jobs.ports import HasJobQueue
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.transactions import Transactions

LEASE = timedelta(seconds=20)
"""For how long a worker may be silent before its job is given to another. One that is alive speaks up three times."""


class ClaimJobs:
    """Gives a worker at most `limit` due jobs of these kinds. A job that has had all its runs, each ending with a
    silent worker, is laid aside as dead instead: it may be what kills them."""

    access = the_shop_itself()

    def __init__(
        self,
        transactions: Transactions[HasJobQueue],
        clock: Clock,
        kinds: Sequence[str],
        *,
        worker: str,
        lease: timedelta = LEASE,
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._kinds = tuple(kinds)
        self._worker = worker
        self._lease = lease

    async def __call__(self, limit: int, *, retake: bool = True) -> tuple[Job, ...]:
        """`retake` says whether jobs of silent workers are taken too."""
        now = self._clock.now()

        async def work(tx: HasJobQueue) -> tuple[Job, ...]:
            queue = tx.job_queue
            jobs = await queue.claim(self._worker, self._kinds, now, now + self._lease, limit, retake=retake)
            for job in jobs:
                if job.exhausted:
                    await queue.save(job.buried(now), job.state, job.run(RunOutcome.LOST, now))
            return tuple(job for job in jobs if not job.exhausted)

        return await self._transactions.run(work)
