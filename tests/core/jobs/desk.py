"""A worker over the memory adapter, with a clock that is moved by hand."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from tradepost.jobs import (
    ClaimJobs,
    EnqueueScheduledJobs,
    Job,
    JobHandlers,
    JobRunner,
    JobView,
    RealignJobs,
    RunDueJobs,
    RunJob,
    Schedule,
)
from tradepost.jobs.ports import HasJobs
from tradepost.kernel.backoff import Backoff
from tradepost.kernel.clock import ManualClock
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.wakeups import LocalWakeUps, WakingTransactions
from tradepost_adapters.memory.backend import MemoryBackend

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


class Desk:
    """Everything a worker is made of."""

    def __init__(self, *schedules: Schedule, lease: timedelta = 20 * SECOND) -> None:
        self.backend = MemoryBackend()
        self.clock = ManualClock()
        self.ids = TypeIds()
        self.wakeups = LocalWakeUps()
        self.transactions = WakingTransactions(self.backend.transactions, self.wakeups)
        self.handlers = JobHandlers()
        self.schedules = schedules
        self.lease = lease

    def handle(self, kind: str, handler: Callable[[dict[str, Any]], Awaitable[object]], **more: Any) -> None:
        self.handlers.add(kind, handler, **more)

    async def enqueue(self, kind: str, payload: dict[str, Any] | None = None, **more: Any) -> Job:
        job = Job.new(self.ids.new("job"), kind, payload, now=self.clock.now(), **more)

        async def work(tx: HasJobs) -> None:
            await tx.jobs.enqueue(job)

        await self.transactions.run(work)
        return job

    def scheduled(self) -> EnqueueScheduledJobs:
        return EnqueueScheduledJobs(self.transactions, self.clock, self.ids, self.schedules)

    def claim(self, worker: str = "one") -> ClaimJobs:
        return ClaimJobs(self.transactions, self.clock, self.handlers.kinds, worker=worker, lease=self.lease)

    def run_job(self) -> RunJob:
        backoff = Backoff(first=SECOND, ceiling=MINUTE, jitter=0)
        return RunJob(
            self.transactions, self.clock, self.handlers, random=lambda: 0.5, backoff=backoff, lease=self.lease
        )

    def run_due(self) -> RunDueJobs:
        return RunDueJobs(self.scheduled(), self.claim(), self.run_job())

    def runner(self, **more: Any) -> JobRunner:
        return JobRunner(
            self.scheduled(),
            RealignJobs(self.transactions, self.clock),
            self.claim(),
            self.run_job(),
            self.wakeups,
            self.clock,
            lease=self.lease,
            **more,
        )

    async def view(self, job: Job) -> JobView:
        view = await self.backend.job_views.get(job.id)
        assert view is not None
        return view
