"""What every adapter of jobs keeps to about runs that are over: what came of them, how they are found, how long they stay."""

# ruff: noqa: S101 - a suite asserts

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tradepost.jobs.claim_jobs import ClaimJobs
from tradepost.jobs.handlers import JobHandlers
from tradepost.jobs.job import MAX_RESULT, Job, RunOutcome
from tradepost.jobs.list_schedules import ListSchedules, ListSchedulesCommand
from tradepost.jobs.purge_jobs import PurgeJobs
from tradepost.jobs.run_job import RunJob
from tradepost.jobs.schedule import Schedule
from tradepost.jobs.views import JobRunFilter, JobRunView
from tradepost.kernel.access import operator
from tradepost.kernel.errors import TradepostError
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.pages import PageRequest
from tradepost_adapters.contracts.jobs import HOUR, MINUTE, SECOND, JobDesk, JobsAdapter, JobsTx

DAY = timedelta(days=1)
_ids = TypeIds()


class Report(msgspec.Struct):
    """What a handler may return."""

    found: int
    names: tuple[str, ...]


class JobHistoryContract:
    """Bind it with a fixture `adapter` that gives a `JobsAdapter`."""

    @pytest.fixture
    def desk(self, adapter: JobsAdapter) -> JobDesk:
        return JobDesk(adapter)

    async def test_what_a_handler_returned_is_remembered_as_json(self, desk: JobDesk) -> None:
        job = await _ran(desk, result=Report(found=2, names=("Zoë", "it's")))
        (run,) = await desk.views.runs(job.id, 10)
        assert run.result == {"found": 2, "names": ["Zoë", "it's"]}
        for returned, kept in ((5, 5), (None, None), ("x" * MAX_RESULT, None), (object(), None), ([], [])):
            job = await _ran(desk, result=returned)
            (run,) = await desk.views.runs(job.id, 10)
            assert run.result == kept

    async def test_whatever_an_error_says_it_is_remembered(self, desk: JobDesk) -> None:
        handlers = JobHandlers()

        async def fail(_: dict[str, Any]) -> None:
            raise ValueError("no\x00good\ud800")  # such as a database refuses to keep

        handlers.add("sweep", fail)
        await desk.enqueue(Job.new(_ids.new("job"), "sweep", now=desk.clock.now()))
        claim = ClaimJobs(desk.transactions, desk.clock, ("sweep",), worker="one")
        (job,) = await claim(1)
        assert await RunJob(desk.transactions, desk.clock, handlers, random=lambda: 0.5)(job) is RunOutcome.FAILED
        (run,) = await desk.views.runs(job.id, 10)
        assert str(run.error).endswith("no\N{REPLACEMENT CHARACTER}good?\n")

    async def test_runs_are_found_by_job_kind_and_outcome_latest_first(self, desk: JobDesk) -> None:
        swept = await _ran(desk)
        mailed = await _ran(desk, kind="mail")
        failed = await _ran(desk, outcome=RunOutcome.FAILED)
        again = await _ran(desk)
        assert [run.job_id for run in await _history(desk)] == [again.id, failed.id, mailed.id, swept.id]
        assert [run.job_id for run in await _history(desk, kind="sweep")] == [again.id, failed.id, swept.id]
        assert [run.job_id for run in await _history(desk, job_id=mailed.id)] == [mailed.id]
        assert [run.job_id for run in await _history(desk, outcome=RunOutcome.FAILED)] == [failed.id]
        assert await _history(desk, kind="mail", outcome=RunOutcome.FAILED) == ()

    async def test_the_history_is_turned_page_by_page(self, desk: JobDesk) -> None:
        ran = [(await _ran(desk)).id for _ in range(5)]
        seen: list[str] = []
        cursor = None
        while True:
            page = await desk.views.history(JobRunFilter(), PageRequest(limit=2, cursor=cursor))
            seen += [run.job_id for run in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == ran[::-1]
        numbered = await desk.views.history(JobRunFilter(), PageRequest(limit=2, page=3))
        assert ([run.job_id for run in numbered.items], numbered.total) == ([ran[0]], 5)
        with pytest.raises(TradepostError, match="cursor"):
            await desk.views.history(JobRunFilter(), PageRequest(cursor="nonsense"))

    async def test_the_latest_run_of_a_kind_is_the_latest_also_after_the_clock_was_set_back(
        self, desk: JobDesk
    ) -> None:
        await _ran(desk)
        desk.clock.advance(-HOUR)
        latest = await _ran(desk, outcome=RunOutcome.FAILED)
        mailed = await _ran(desk, kind="mail")
        found = await desk.views.latest_runs(["sweep", "mail", "never"])
        assert {kind: run.job_id for kind, run in found.items()} == {"sweep": latest.id, "mail": mailed.id}
        assert (await _history(desk))[0].job_id == mailed.id

    async def test_schedules_are_shown_with_when_they_are_due_and_how_they_went(self, desk: JobDesk) -> None:
        seen = Schedule(name="sweep", kind="sweep", every=MINUTE)
        unseen = Schedule(name="rare", kind="rare", every=DAY)
        look = ListSchedules(desk.views, (seen, unseen))
        assert [(view.due_at, view.last_run) for view in await look(ListSchedulesCommand(actor=operator()))] == [
            (None, None),
            (None, None),
        ]
        await desk.scheduled(seen)
        await _ran(desk)
        shown, rare = await look(ListSchedulesCommand(actor=operator()))
        assert (shown.name, shown.every, shown.due_at) == ("sweep", MINUTE, desk.clock.now() + MINUTE)
        assert shown.last_run is not None
        assert (shown.last_run.kind, shown.last_run.outcome) == ("sweep", RunOutcome.SUCCEEDED)
        assert rare.last_run is None

    async def test_history_keeps_the_latest_runs_of_each_kind_and_outcome(self, desk: JobDesk) -> None:
        rare = await _ran(desk, kind="mail")
        failed = [await _ran(desk, outcome=RunOutcome.FAILED) for _ in range(2)]
        often = [await _ran(desk) for _ in range(5)]
        assert await PurgeJobs(desk.transactions, desk.clock, most_runs=2)() == 3
        assert await PurgeJobs(desk.transactions, desk.clock, most_runs=2)() == 0
        kept = [often[4].id, often[3].id, failed[1].id, failed[0].id, rare.id]
        assert [run.job_id for run in await _history(desk)] == kept

    async def test_runs_are_remembered_for_longer_than_their_jobs(self, desk: JobDesk) -> None:
        job = await _ran(desk)
        desk.clock.advance(2 * HOUR)
        purge = PurgeJobs(desk.transactions, desk.clock, keep=HOUR, keep_runs=3 * HOUR)
        assert await purge() == 1
        assert await desk.views.get(job.id) is None
        assert [run.job_id for run in await _history(desk)] == [job.id]
        desk.clock.advance(HOUR + SECOND)
        assert await purge() == 1
        assert await _history(desk) == ()


async def _ran(
    desk: JobDesk, *, kind: str = "sweep", outcome: RunOutcome = RunOutcome.SUCCEEDED, result: object = None
) -> Job:
    """A job that was claimed and is over."""
    now = desk.clock.now()
    job = Job.new(_ids.new("job"), kind, now=now)

    async def work(tx: JobsTx) -> None:
        await tx.jobs.enqueue(job)

    async def finish(tx: JobsTx) -> None:
        (running,) = await tx.job_queue.claim("one", [kind], now, now + MINUTE, 1, retake=False)
        failed = outcome is RunOutcome.FAILED
        after = running.given_up("no", now) if failed else running.succeeded(now)
        await tx.job_queue.save(after, running.state, running.run(outcome, now, "no" if failed else None, result))

    await desk.transactions.run(work)
    await desk.transactions.run(finish)
    return job


async def _history(desk: JobDesk, **which: Any) -> Sequence[JobRunView]:
    return (await desk.views.history(JobRunFilter(**which), PageRequest(limit=100))).items
