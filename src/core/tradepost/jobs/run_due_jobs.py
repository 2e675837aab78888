"""Do what is due now, once through: for the command line, scripts and tests. A worker uses `JobRunner`."""

import asyncio

from tradepost.jobs.claim_jobs import ClaimJobs
from tradepost.jobs.enqueue_scheduled_jobs import EnqueueScheduledJobs
from tradepost.jobs.run_job import RunJob
from tradepost.kernel.declared import the_shop_itself


class RunDueJobs:
    """Enqueues recurring jobs that are due, takes at most `limit` jobs, runs them side by side, and says how many."""

    access = the_shop_itself()

    def __init__(self, enqueue_scheduled: EnqueueScheduledJobs, claim: ClaimJobs, run: RunJob) -> None:
        self._enqueue_scheduled = enqueue_scheduled
        self._claim = claim
        self._run = run

    async def __call__(self, limit: int = 10) -> int:
        await self._enqueue_scheduled()
        jobs = await self._claim(limit)
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                group.create_task(self._run(job))
        return len(jobs)
