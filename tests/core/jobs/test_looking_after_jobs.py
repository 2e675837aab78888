"""What people do with jobs: list, look, retry, hasten."""

from typing import Any

import pytest
from tests.core.jobs.desk import HOUR, Desk

from tradepost.jobs import (
    GetJob,
    GetJobCommand,
    Job,
    JobFilter,
    JobId,
    JobState,
    ListJobs,
    ListJobsCommand,
    RetryJob,
    RetryJobCommand,
    RunJobNow,
    RunJobNowCommand,
)
from tradepost.kernel.access import GUEST, Actor, Role, operator
from tradepost.kernel.errors import Conflict, Kind, NotFound, TradepostError

MANAGER = Actor(id="user_1", role=Role.MANAGER)


async def a_dead_job(desk: Desk) -> Job:
    async def fail(payload: dict[str, Any]) -> None:
        raise ValueError("no")

    desk.handle("fail", fail)
    job = await desk.enqueue("fail", max_attempts=1)
    await desk.run_due()()
    return job


async def test_a_dead_job_is_retried_with_all_its_attempts() -> None:
    desk = Desk()
    job = await a_dead_job(desk)
    view = await RetryJob(desk.transactions, desk.clock)(RetryJobCommand(actor=operator(), job_id=job.id))
    assert (view.state, view.attempts, view.run_at) == (JobState.QUEUED, 0, desk.clock.now())
    assert await desk.run_due()() == 1


async def test_only_a_dead_job_can_be_retried() -> None:
    desk = Desk()
    job = await desk.enqueue("later", delay=HOUR)
    with pytest.raises(Conflict) as refusal:
        await RetryJob(desk.transactions, desk.clock)(RetryJobCommand(actor=operator(), job_id=job.id))
    assert refusal.value.code == "job.not_dead"


async def test_a_queued_job_is_run_now_whatever_it_waits_for() -> None:
    desk = Desk()
    done: list[str] = []

    async def note(payload: dict[str, Any]) -> None:
        done.append("done")

    desk.handle("later", note)
    job = await desk.enqueue("later", delay=HOUR)
    assert await desk.run_due()() == 0
    await RunJobNow(desk.transactions, desk.clock)(RunJobNowCommand(actor=operator(), job_id=job.id))
    assert await desk.run_due()() == 1
    with pytest.raises(Conflict) as refusal:
        await RunJobNow(desk.transactions, desk.clock)(RunJobNowCommand(actor=operator(), job_id=job.id))
    assert refusal.value.code == "job.not_queued"


async def test_jobs_are_listed_and_shown_with_their_runs() -> None:
    desk = Desk()
    job = await a_dead_job(desk)
    await desk.enqueue("later", delay=HOUR)
    dead = JobFilter(state=JobState.DEAD)
    page = await ListJobs(desk.backend.job_views)(ListJobsCommand(actor=MANAGER, which=dead))
    assert [view.id for view in page.items] == [job.id]
    details = await GetJob(desk.backend.job_views)(GetJobCommand(actor=MANAGER, job_id=job.id))
    assert details.job == page.items[0]
    assert [run.attempt for run in details.runs] == [1]
    with pytest.raises(NotFound):
        await GetJob(desk.backend.job_views)(GetJobCommand(actor=MANAGER, job_id=JobId("job_none")))


async def test_looking_takes_one_right_and_changing_another() -> None:
    desk = Desk()
    job = await a_dead_job(desk)
    views = desk.backend.job_views
    for actor, kind in ((GUEST, Kind.UNAUTHENTICATED), (Actor(id="user_2", role=Role.SUPPORT), Kind.FORBIDDEN)):
        with pytest.raises(TradepostError) as refusal:
            await ListJobs(views)(ListJobsCommand(actor=actor))
        assert refusal.value.kind is kind
        with pytest.raises(TradepostError):
            await GetJob(views)(GetJobCommand(actor=actor, job_id=job.id))
    for use_case, command in (
        (RetryJob(desk.transactions, desk.clock), RetryJobCommand(actor=MANAGER, job_id=job.id)),
        (RunJobNow(desk.transactions, desk.clock), RunJobNowCommand(actor=MANAGER, job_id=job.id)),
    ):
        with pytest.raises(TradepostError) as refusal:
            await use_case(command)  # type: ignore[operator]
        assert refusal.value.kind is Kind.FORBIDDEN
