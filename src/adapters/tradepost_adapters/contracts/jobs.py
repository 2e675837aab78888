"""What every adapter of jobs keeps to."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Protocol

import pytest

from tradepost.jobs.claim_jobs import ClaimJobs
from tradepost.jobs.enqueue_scheduled_jobs import EnqueueScheduledJobs
from tradepost.jobs.handlers import JobHandlers
from tradepost.jobs.job import Job, JobState, KeyHeld, RunOutcome
from tradepost.jobs.ports import HasJobQueue, HasJobs, HasJobSchedules, JobViews
from tradepost.jobs.purge_jobs import PurgeJobs
from tradepost.jobs.realign_jobs import RealignJobs
from tradepost.jobs.run_job import RunJob
from tradepost.jobs.schedule import Schedule
from tradepost.jobs.views import JobFilter, JobView
from tradepost.kernel.backoff import Backoff
from tradepost.kernel.clock import ManualClock
from tradepost.kernel.errors import Invalid, NotFound
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.pages import PageRequest
from tradepost.kernel.transactions import Transactions

_ids = TypeIds()
LEASE = timedelta(seconds=20)
NO_PAUSE = Backoff(first=timedelta())
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


class JobsTx(HasJobs, HasJobQueue, HasJobSchedules, Protocol):
    """What the suite writes with."""


class JobsAdapter(Protocol):
    """An adapter under test, empty at the start of each test."""

    @property
    def transactions(self) -> Transactions[JobsTx]: ...

    @property
    def job_views(self) -> JobViews: ...


class JobDesk:
    """A queue with a clock of its own, and what the tests do with it."""

    def __init__(self, adapter: JobsAdapter) -> None:
        self.clock = ManualClock()
        self.transactions = adapter.transactions
        self.views = adapter.job_views

    def job(self, kind: str = "sweep", **more: Any) -> Job:
        return Job.new(_ids.new("job"), kind, {"n": 1, "who": "Zoë"}, now=self.clock.now(), **more)

    async def enqueue(self, *jobs: Job) -> None:
        async def work(tx: JobsTx) -> None:
            for job in jobs:
                await tx.jobs.enqueue(job)

        await self.transactions.run(work)

    async def claim(self, worker: str = "one", limit: int = 10, **more: Any) -> tuple[Job, ...]:
        claim = ClaimJobs(self.transactions, self.clock, ("sweep",), worker=worker, lease=LEASE)
        return await claim(limit, **more)

    async def save(self, job: Job, was: JobState = JobState.RUNNING, outcome: RunOutcome | None = None) -> bool:
        run = None if outcome is None else job.run(outcome, self.clock.now())

        async def work(tx: JobsTx) -> bool:
            return await tx.job_queue.save(job, was, run)

        return await self.transactions.run(work)

    async def extend(self, job: Job) -> bool:
        now = self.clock.now()

        async def work(tx: JobsTx) -> bool:
            return await tx.job_queue.extend(job, now, now + LEASE)

        return await self.transactions.run(work)

    async def view(self, job: Job) -> JobView:
        view = await self.views.get(job.id)
        assert view is not None
        return view

    async def scheduled(self, *schedules: Schedule) -> int:
        return await EnqueueScheduledJobs(self.transactions, self.clock, _ids, schedules)()

    async def queued(self) -> Sequence[JobView]:
        return (await self.views.page(JobFilter(state=JobState.QUEUED), PageRequest(limit=100))).items


class JobsContract:
    """Bind it with a fixture `adapter` that gives a `JobsAdapter`."""

    @pytest.fixture
    def desk(self, adapter: JobsAdapter) -> JobDesk:
        return JobDesk(adapter)

    async def test_a_job_comes_back_as_it_was_put_in(self, desk: JobDesk) -> None:
        wanted = desk.job(delay=MINUTE, unique_key="once", max_attempts=3)
        await desk.enqueue(wanted)

        async def work(tx: JobsTx) -> Job:
            return await tx.job_queue.get(wanted.id)

        assert await desk.transactions.run(work) == wanted
        assert await desk.view(wanted) == JobView.of(wanted)

    async def test_a_job_that_is_not_there_is_not_found(self, desk: JobDesk) -> None:
        async def work(tx: JobsTx) -> Job:
            return await tx.job_queue.get(desk.job().id)

        with pytest.raises(NotFound):
            await desk.transactions.run(work)
        assert await desk.views.get(desk.job().id) is None

    async def test_a_job_is_put_in_with_its_transaction_or_not_at_all(self, desk: JobDesk) -> None:
        async def work(tx: JobsTx) -> None:
            await tx.jobs.enqueue(desk.job())
            await tx.jobs.enqueue(desk.job(unique_key="once"))
            raise Invalid("test", "no")

        with pytest.raises(Invalid):
            await desk.transactions.run(work)
        assert await desk.queued() == ()
        assert await desk.claim() == ()

    async def test_jobs_with_new_keys_are_put_in_together_and_hold_them(self, desk: JobDesk) -> None:
        made = [desk.job(unique_key=f"key {number}") for number in range(3)]

        async def work(tx: JobsTx) -> None:
            await tx.jobs.enqueue_all([])
            await tx.jobs.enqueue_all(made)

        await desk.transactions.run(work)
        await desk.enqueue(desk.job(unique_key="key 1"))
        assert {job.id for job in await desk.queued()} == {job.id for job in made}
        assert sorted(job.id for job in await desk.claim()) == [job.id for job in made]

    async def test_a_job_is_due_at_its_time_and_not_before(self, desk: JobDesk) -> None:
        await desk.enqueue(desk.job(delay=MINUTE))
        desk.clock.advance(MINUTE - timedelta(microseconds=1))
        assert await desk.claim() == ()
        desk.clock.advance(timedelta(microseconds=1))
        assert len(await desk.claim()) == 1

    async def test_jobs_due_longest_come_first_and_only_of_the_kinds_asked_for(self, desk: JobDesk) -> None:
        delays = (3, 1, 2)
        jobs = [desk.job(delay=n * SECOND) for n in delays]
        await desk.enqueue(*jobs, desk.job("other"))
        desk.clock.advance(MINUTE)
        assert [job.id for job in await desk.claim(limit=2)] == [jobs[1].id, jobs[2].id]
        assert [job.id for job in await desk.claim(limit=9)] == [jobs[0].id]

    async def test_a_claimed_job_is_what_the_model_says_and_given_to_nobody_else(self, desk: JobDesk) -> None:
        job = desk.job()
        await desk.enqueue(job)
        now = desk.clock.now()
        assert await desk.claim("one") == (job.claimed("one", now, now + LEASE),)
        assert await desk.claim("two") == ()

    async def test_five_workers_at_once_run_each_job_once(self, desk: JobDesk) -> None:
        runs: Counter[int] = Counter()
        handlers = JobHandlers()

        async def count(payload: dict[str, Any]) -> None:
            runs[payload["n"]] += 1
            await asyncio.sleep(0)

        handlers.add("sweep", count)
        now = desk.clock.now()
        await desk.enqueue(*[Job.new(_ids.new("job"), "sweep", {"n": n}, now=now) for n in range(60)])
        run = RunJob(desk.transactions, desk.clock, handlers, random=lambda: 0.5)

        async def worker(name: str) -> None:
            while jobs := await desk.claim(name, limit=3):
                await asyncio.gather(*map(run, jobs))

        await asyncio.gather(*[worker(f"worker-{n}") for n in range(5)])
        assert runs == Counter(range(60))
        done = await desk.views.page(JobFilter(state=JobState.DONE), PageRequest(limit=100))
        assert len(done.items) == 60

    async def test_a_silent_worker_loses_its_job_when_the_lease_is_over(self, desk: JobDesk) -> None:
        await desk.enqueue(desk.job())
        (first,) = await desk.claim("one")
        desk.clock.advance(LEASE - SECOND)
        assert await desk.claim("two") == ()
        desk.clock.advance(SECOND)
        assert await desk.claim("two", retake=False) == ()
        (second,) = await desk.claim("two")
        assert (second.id, second.worker, second.attempts) == (first.id, "two", 2)
        assert second.token > first.token

    async def test_a_worker_that_speaks_up_keeps_its_job(self, desk: JobDesk) -> None:
        await desk.enqueue(desk.job())
        (job,) = await desk.claim("one")
        for _ in range(3):
            desk.clock.advance(LEASE - SECOND)
            assert await desk.extend(job)
            assert await desk.claim("two") == ()

    async def test_a_late_worker_can_neither_finish_nor_hold_what_is_not_its_own_any_more(self, desk: JobDesk) -> None:
        await desk.enqueue(desk.job())
        (late,) = await desk.claim("late")
        desk.clock.advance(LEASE)
        (job,) = await desk.claim("next")
        now = desk.clock.now()
        assert not await desk.extend(late)
        assert not await desk.save(late.succeeded(now), outcome=RunOutcome.SUCCEEDED)
        assert (await desk.view(job)).state is JobState.RUNNING
        assert await desk.views.runs(job.id, 10) == ()
        assert await desk.save(job.succeeded(now), outcome=RunOutcome.SUCCEEDED)
        assert not await desk.save(job.succeeded(now), outcome=RunOutcome.SUCCEEDED)
        assert (await desk.view(job)).state is JobState.DONE
        assert len(await desk.views.runs(job.id, 10)) == 1

    async def test_a_job_that_silences_every_worker_ends_dead(self, desk: JobDesk) -> None:
        job = desk.job(max_attempts=2)
        await desk.enqueue(job)
        for _ in range(2):
            assert len(await desk.claim()) == 1
            desk.clock.advance(LEASE)
        assert await desk.claim() == ()
        view = await desk.view(job)
        assert (view.state, view.attempts) == (JobState.DEAD, 2)
        assert [run.outcome for run in await desk.views.runs(job.id, 10)] == [RunOutcome.LOST]

    async def test_a_key_is_held_by_one_job_until_it_is_done_or_dead(self, desk: JobDesk) -> None:
        first, second, third = (desk.job(unique_key="once") for _ in range(3))
        await desk.enqueue(first, second)
        await desk.enqueue(second)
        assert [view.id for view in await desk.queued()] == [first.id]
        (running,) = await desk.claim()
        await desk.enqueue(second)
        assert await desk.queued() == ()
        assert await desk.save(running.succeeded(desk.clock.now()))
        await desk.enqueue(third)
        assert [view.id for view in await desk.queued()] == [third.id]

    async def test_many_enqueue_under_one_key_at_once_and_there_is_one_job(self, desk: JobDesk) -> None:
        await asyncio.gather(*[desk.enqueue(desk.job(unique_key="once")) for _ in range(8)])
        assert len(await desk.queued()) == 1

    async def test_a_dead_job_does_not_come_back_while_another_holds_its_key(self, desk: JobDesk) -> None:
        dead = desk.job(unique_key="once", max_attempts=1)
        await desk.enqueue(dead)
        (running,) = await desk.claim()
        failed = running.failed("no", desk.clock.now(), NO_PAUSE, lambda: 0)
        assert await desk.save(failed)
        await desk.enqueue(desk.job(unique_key="once"))
        with pytest.raises(KeyHeld):
            await desk.save(failed.retried(desk.clock.now()), JobState.DEAD)
        assert (await desk.view(dead)).state is JobState.DEAD

    async def test_a_schedule_is_due_once_a_round_however_many_look(self, desk: JobDesk) -> None:
        every_minute = Schedule(name="sweep", kind="sweep", every=MINUTE)
        due = await asyncio.gather(*[desk.scheduled(every_minute) for _ in range(5)])
        assert sum(due) == 1
        (job,) = await desk.claim()
        assert await desk.save(job.succeeded(desk.clock.now()))
        assert await desk.scheduled(every_minute) == 0
        desk.clock.advance(MINUTE)
        due = await asyncio.gather(*[desk.scheduled(every_minute) for _ in range(5)])
        assert sum(due) == 1
        assert len(await desk.claim()) == 1

    async def test_missed_rounds_count_once_and_one_is_pending_at_most(self, desk: JobDesk) -> None:
        every_minute = Schedule(name="sweep", kind="sweep", every=MINUTE, payload={"deep": True})
        await desk.scheduled(every_minute)
        desk.clock.advance(10 * MINUTE + SECOND)
        assert await desk.scheduled(every_minute) == 1
        assert await desk.scheduled(every_minute) == 0
        assert [view.payload for view in await desk.queued()] == [{"deep": True}]

    async def test_a_clock_set_back_neither_starves_a_schedule_nor_fires_it(self, desk: JobDesk) -> None:
        every_minute = Schedule(name="sweep", kind="sweep", every=MINUTE)
        await desk.scheduled(every_minute)
        (job,) = await desk.claim()
        await desk.save(job.succeeded(desk.clock.now()))
        desk.clock.advance(-HOUR)
        assert await desk.scheduled(every_minute) == 0
        desk.clock.advance(MINUTE)
        assert await desk.scheduled(every_minute) == 1

    async def test_a_clock_set_forward_fires_a_schedule_once_and_keeps_its_pace(self, desk: JobDesk) -> None:
        every_minute = Schedule(name="sweep", kind="sweep", every=MINUTE)
        await desk.scheduled(every_minute)
        desk.clock.advance(HOUR)
        assert await desk.scheduled(every_minute) == 1
        desk.clock.advance(-HOUR)
        assert await desk.scheduled(every_minute) == 0
        desk.clock.advance(MINUTE)
        assert await desk.scheduled(every_minute) == 1

    async def test_a_clock_set_back_does_not_lengthen_pauses_or_leases_but_appointed_times_are_kept(
        self, desk: JobDesk
    ) -> None:
        now = desk.clock.now()
        at_once, later, appointed = desk.job(), desk.job(delay=MINUTE), desk.job(run_at=now + MINUTE)
        held = desk.job()
        await desk.enqueue(held)
        (running,) = await desk.claim("silent")
        await desk.enqueue(at_once, later, appointed)
        desk.clock.advance(-HOUR)
        assert await RealignJobs(desk.transactions, desk.clock)() == 3
        assert await RealignJobs(desk.transactions, desk.clock)() == 0
        assert [job.id for job in await desk.claim()] == [at_once.id]
        desk.clock.advance(LEASE)
        assert sorted(job.id for job in await desk.claim()) == sorted([running.id, at_once.id])
        desk.clock.advance(MINUTE - LEASE)
        assert later.id in {job.id for job in await desk.claim()}
        assert (await desk.view(appointed)).run_at == now + MINUTE

    async def test_what_ended_long_ago_is_forgotten_and_the_dead_are_not(self, desk: JobDesk) -> None:
        jobs = [desk.job(max_attempts=1) for _ in range(3)]
        await desk.enqueue(*jobs)
        done, dead, waiting = await desk.claim()
        now = desk.clock.now()
        await desk.save(done.succeeded(now), outcome=RunOutcome.SUCCEEDED)
        await desk.save(dead.failed("no", now, NO_PAUSE, lambda: 0), outcome=RunOutcome.FAILED)
        purge = PurgeJobs(desk.transactions, desk.clock, keep=HOUR, keep_runs=HOUR)
        assert await purge() == 0
        desk.clock.advance(HOUR + SECOND)
        assert await purge() == 3
        assert await desk.views.get(done.id) is None
        assert (await desk.view(dead)).state is JobState.DEAD
        assert (await desk.view(waiting)).state is JobState.RUNNING
        assert await desk.views.runs(done.id, 10) == ()

    async def test_jobs_are_listed_latest_first_by_state_and_kind(self, desk: JobDesk) -> None:
        jobs = []
        for kind in ("sweep", "mail", "sweep"):
            jobs.append(desk.job(kind))
            desk.clock.advance(SECOND)
        await desk.enqueue(*jobs)
        await desk.claim(limit=1)

        async def listed(**which: Any) -> list[str]:
            return [view.id for view in (await desk.views.page(JobFilter(**which), PageRequest())).items]

        assert await listed() == [jobs[2].id, jobs[1].id, jobs[0].id]
        assert await listed(kind="sweep") == [jobs[2].id, jobs[0].id]
        assert await listed(kind="sweep", state=JobState.RUNNING) == [jobs[0].id]
        first = await desk.views.page(JobFilter(), PageRequest(limit=2))
        rest = await desk.views.page(JobFilter(), PageRequest(limit=2, cursor=first.next_cursor))
        assert [view.id for view in (*first.items, *rest.items)] == await listed()
