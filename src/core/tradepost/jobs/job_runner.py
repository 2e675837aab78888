"""The loop of a worker."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from tradepost.jobs.claim_jobs import LEASE, ClaimJobs
from tradepost.jobs.enqueue_scheduled_jobs import EnqueueScheduledJobs
from tradepost.jobs.job import Job
from tradepost.jobs.realign_jobs import RealignJobs
from tradepost.jobs.run_job import RunJob
from tradepost.kernel.clock import Clock
from tradepost.kernel.wakeups import Topic, WakeUps, wait_or_stop

_log = logging.getLogger(__name__)


class LeapWatch:
    """Notices that the clock was set forward, by a second clock that only counts.

    All leases then look over though their holders are alive. They speak up within a lease, so for that long nothing is
    taken from anybody.
    """

    def __init__(self, clock: Clock, lease: timedelta, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lease = lease.total_seconds()
        self._monotonic = monotonic
        self._seen: tuple[datetime, float] = clock.now(), monotonic()
        self._trust_from = float("-inf")

    def trusts_leases(self) -> bool:
        """Whether a lease that looks over is over."""
        now, counted = self._clock.now(), self._monotonic()
        before, counted_before = self._seen
        self._seen = now, counted
        leapt = (now - before).total_seconds() - (counted - counted_before)
        if leapt > self._lease / 3:  # less than that a holder makes up for by its next heartbeat
            self._trust_from = counted + self._lease
        return counted >= self._trust_from


class JobRunner:
    """Runs due jobs, `concurrency` at a time, until it is stopped: at once when woken, every `poll` seconds otherwise."""

    def __init__(
        self,
        enqueue_scheduled: EnqueueScheduledJobs,
        realign: RealignJobs,
        claim: ClaimJobs,
        run: RunJob,
        wakeups: WakeUps,
        clock: Clock,
        *,
        concurrency: int = 4,
        poll: float = 1.0,
        lease: timedelta = LEASE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._enqueue_scheduled = enqueue_scheduled
        self._realign = realign
        self._claim = claim
        self._run = run
        self._wakeups = wakeups
        self._concurrency = concurrency
        self._poll = poll
        self._monotonic = monotonic
        self._leaps = LeapWatch(clock, lease, monotonic)
        self._housekeeping_due = float("-inf")
        self._running: set[asyncio.Task[None]] = set()
        self._freed = asyncio.Event()
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Work until `stop` is called, then wait for running jobs. Canceled, it hands them back."""
        try:
            while not self._stop.is_set():
                if not await self._turn():
                    await wait_or_stop(self._wakeups, Topic.JOBS, self._poll, self._stop)
            if self._running:
                await asyncio.wait(self._running)
        except asyncio.CancelledError:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
            raise

    def stop(self) -> None:
        """Take no more jobs."""
        self._stop.set()
        self._freed.set()

    async def _turn(self) -> bool:
        """Fill the free places; False when there was not enough to do for all of them."""
        free = self._concurrency - len(self._running)
        if not free:
            self._freed.clear()
            await self._freed.wait()
            return True
        try:
            await self._keep_house()
            jobs = await self._claim(free, retake=self._leaps.trusts_leases())
        except Exception:
            _log.exception("Taking jobs failed; trying again in %s s.", self._poll)
            return False
        for job in jobs:
            task = asyncio.create_task(self._run_one(job), name=f"job {job.id}")
            self._running.add(task)
            task.add_done_callback(self._ended)
        return len(jobs) == free

    async def _keep_house(self) -> None:
        """At the pace of the poll, however often there are wake-ups."""
        counted = self._monotonic()
        if counted >= self._housekeeping_due:
            self._housekeeping_due = counted + self._poll
            await self._realign()
            await self._enqueue_scheduled()

    async def _run_one(self, job: Job) -> None:
        try:
            await self._run(job)
        except Exception:  # its outcome could not be noted: the lease will run out and it is done again
            _log.exception("The outcome of job %s (%s) could not be noted.", job.id, job.kind)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        self._freed.set()
