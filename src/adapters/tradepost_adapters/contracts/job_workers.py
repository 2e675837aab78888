"""What every adapter of jobs keeps to when several workers run at once, one falls silent, or the clock is set."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from tradepost.jobs.claim_jobs import ClaimJobs
from tradepost.jobs.enqueue_scheduled_jobs import EnqueueScheduledJobs
from tradepost.jobs.handlers import JobHandlers
from tradepost.jobs.job import Job, JobState, RunOutcome
from tradepost.jobs.job_runner import JobRunner
from tradepost.jobs.realign_jobs import RealignJobs
from tradepost.jobs.run_job import RunJob
from tradepost.jobs.schedule import Schedule
from tradepost.jobs.views import JobFilter
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.pages import PageRequest
from tradepost.kernel.wakeups import LocalWakeUps
from tradepost_adapters.contracts.jobs import HOUR, LEASE, MINUTE, SECOND, JobDesk, JobsAdapter

Handler = Callable[[dict[str, Any]], Awaitable[object]]
WORKERS = 5
_ids = TypeIds()
_EVERY_MINUTE = Schedule(name="sweep", kind="sweep", every=MINUTE)


class Looks:
    """Counts how often each worker has looked for jobs, for whoever waits until all of them have."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self._looked = asyncio.Condition()

    async def note(self, worker: str) -> None:
        async with self._looked:
            self.counts[worker] = self.counts.get(worker, 0) + 1
            self._looked.notify_all()

    async def again(self, times: int = 2) -> None:
        """Until every worker has looked so many times from now on."""
        async with self._looked:
            wanted = {worker: count + times for worker, count in self.counts.items()}
            await self._looked.wait_for(lambda: all(self.counts[each] >= wanted[each] for each in wanted))


class _Claim(ClaimJobs):
    """Tells that it looked."""

    looks: Looks

    async def __call__(self, limit: int, *, retake: bool = True) -> tuple[Job, ...]:
        claimed = await super().__call__(limit, retake=retake)
        await self.looks.note(self._worker)
        return claimed


class JobWorkersContract:
    """Bind it with a fixture `adapter` that gives a `JobsAdapter`."""

    @pytest.fixture
    def desk(self, adapter: JobsAdapter) -> JobDesk:
        return JobDesk(adapter)

    async def test_five_workers_do_recurring_work_once_a_round_and_one_at_a_time(self, desk: JobDesk) -> None:
        running = most = 0
        done = asyncio.Semaphore(0)

        async def sweep(_: dict[str, Any]) -> None:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.005)
            running -= 1
            done.release()

        async with _working(desk, sweep, _EVERY_MINUTE) as looks:
            for _ in range(6):
                await done.acquire()
                await looks.again()
                assert done.locked(), "once a round, however often they look"
                desk.clock.advance(MINUTE)
            await done.acquire()
        assert most == 1
        ended = await desk.views.page(JobFilter(), PageRequest(limit=100))
        assert [job.state for job in ended.items] == [JobState.DONE] * 7
        for job in ended.items:
            assert [run.outcome for run in await desk.views.runs(job.id, 10)] == [RunOutcome.SUCCEEDED]

    async def test_a_round_is_not_begun_while_the_last_one_lasts(self, desk: JobDesk) -> None:
        begun, go_on = asyncio.Semaphore(0), asyncio.Semaphore(0)

        async def sweep(_: dict[str, Any]) -> None:
            begun.release()
            await go_on.acquire()

        async with _working(desk, sweep, _EVERY_MINUTE) as looks:
            await begun.acquire()
            desk.clock.advance(MINUTE)
            await looks.again()
            assert begun.locked()
            go_on.release()
            await looks.again()
            desk.clock.advance(MINUTE)
            await begun.acquire()
            go_on.release()

    async def test_the_job_of_a_worker_that_died_is_taken_by_another_when_its_lease_is_over(
        self, desk: JobDesk
    ) -> None:
        await desk.enqueue(desk.job(max_attempts=2))
        (dead,) = await desk.claim("died")
        seen = asyncio.Event()

        async def sweep(_: dict[str, Any]) -> None:
            seen.set()

        desk.clock.advance(LEASE - SECOND)
        async with _working(desk, sweep) as looks:
            await looks.again()
            assert not seen.is_set()
        desk.clock.advance(SECOND)
        async with _working(desk, sweep):
            await seen.wait()
        view = await desk.view(dead)
        assert (view.state, view.attempts) == (JobState.DONE, 2)

    @pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forward", "back"])
    async def test_a_clock_that_is_set_takes_no_job_from_a_worker_that_is_alive(
        self, desk: JobDesk, jump: timedelta
    ) -> None:
        begun, go_on = asyncio.Semaphore(0), asyncio.Event()

        async def sweep(_: dict[str, Any]) -> None:
            begun.release()
            await go_on.wait()

        job = desk.job()
        await desk.enqueue(job)
        async with _working(desk, sweep, lease=timedelta(seconds=3)) as looks:
            await begun.acquire()
            desk.clock.advance(jump)
            held = (await desk.view(job)).lease_until
            while (await desk.view(job)).lease_until == held:  # until its holder has spoken up by the new time
                await looks.again()
            await looks.again()
            assert begun.locked()
            go_on.set()
        assert [run.outcome for run in await desk.views.runs(job.id, 10)] == [RunOutcome.SUCCEEDED]

    @pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forward", "back"])
    async def test_a_clock_that_is_set_fires_a_schedule_once_at_most_and_starves_it_of_nothing(
        self, desk: JobDesk, jump: timedelta
    ) -> None:
        begun = asyncio.Semaphore(0)

        async def sweep(_: dict[str, Any]) -> None:
            begun.release()

        async with _working(desk, sweep, _EVERY_MINUTE) as looks:
            await begun.acquire()
            await looks.again()
            desk.clock.advance(jump)
            if jump > timedelta():
                await begun.acquire()  # it is due, and all the rounds that were missed count as one
            await looks.again(4)
            assert begun.locked()
            desk.clock.advance(MINUTE)
            await begun.acquire()
            await looks.again()
            assert begun.locked()

    async def test_a_pause_is_not_lengthened_by_a_clock_that_is_set_back_and_an_appointed_time_is_kept(
        self, desk: JobDesk
    ) -> None:
        done: list[str] = []
        ran = asyncio.Semaphore(0)

        async def sweep(payload: dict[str, Any]) -> None:
            done.append(payload["what"])
            ran.release()

        now = desk.clock.now()
        paused = Job.new(_ids.new("job"), "sweep", {"what": "pause"}, now=now, delay=MINUTE)
        appointed = Job.new(_ids.new("job"), "sweep", {"what": "appointment"}, now=now, run_at=now + MINUTE)
        await desk.enqueue(paused, appointed)
        async with _working(desk, sweep) as looks:
            desk.clock.advance(-HOUR)
            await looks.again()
            assert done == []
            desk.clock.advance(MINUTE)
            await ran.acquire()
            await looks.again()
            assert done == ["pause"]
            desk.clock.advance(HOUR)
            await ran.acquire()
        assert done == ["pause", "appointment"]


@asynccontextmanager
async def _working(
    desk: JobDesk, handler: Handler, *schedules: Schedule, lease: timedelta = LEASE
) -> AsyncIterator[Looks]:
    """Five workers at it; when it is left, they have finished. Every one has looked for jobs before it is entered."""
    looks, runners = Looks(), []
    wakeups, transactions = LocalWakeUps(), desk.transactions
    handlers = JobHandlers()
    handlers.add("sweep", handler)
    for number in range(WORKERS):
        name = f"worker-{number}"
        looks.counts[name] = 0
        claim = _Claim(transactions, desk.clock, ("sweep",), worker=name, lease=lease)
        claim.looks = looks
        runners.append(
            JobRunner(
                EnqueueScheduledJobs(transactions, desk.clock, _ids, schedules),
                RealignJobs(transactions, desk.clock),
                claim,
                RunJob(transactions, desk.clock, handlers, random=lambda: 0.5, lease=lease),
                wakeups,
                desk.clock,
                poll=0.01,
                lease=lease,
            )
        )
    tasks = [asyncio.create_task(runner.run()) for runner in runners]
    try:
        await looks.again(1)
        yield looks
        for runner in runners:
            runner.stop()
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
