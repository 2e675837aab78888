"""Running jobs: outcomes, retries, lost leases, hand-overs."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from tests.core.jobs.desk import HOUR, MINUTE, SECOND, Desk

from tradepost.jobs import JobState, RunOutcome, Schedule


async def test_a_job_is_done_with_its_payload() -> None:
    desk = Desk()
    seen: list[dict[str, Any]] = []

    async def note(payload: dict[str, Any]) -> None:
        seen.append(payload)

    desk.handle("note", note)
    job = await desk.enqueue("note", {"order_id": "order_1"})
    assert await desk.run_due()() == 1
    assert seen == [{"order_id": "order_1"}]
    assert (await desk.view(job)).state is JobState.DONE
    (run,) = await desk.backend.job_views.runs(job.id, 10)
    assert (run.outcome, run.attempt, run.worker, run.error) == (RunOutcome.SUCCEEDED, 1, "one", None)


async def test_a_job_that_fails_is_tried_again_after_growing_pauses_and_is_dead_after_its_last_attempt() -> None:
    desk = Desk()

    async def fail(payload: dict[str, Any]) -> None:
        raise ValueError("no such luck")

    desk.handle("fail", fail)
    job = await desk.enqueue("fail", max_attempts=3)
    for pause in (1, 2):
        assert await desk.run_due()() == 1
        view = await desk.view(job)
        assert (view.state, view.run_at) == (JobState.QUEUED, desk.clock.now() + pause * SECOND)
        assert await desk.run_due()() == 0
        desk.clock.advance(pause * SECOND)
    await desk.run_due()()
    view = await desk.view(job)
    assert (view.state, view.attempts, view.finished_at) == (JobState.DEAD, 3, desk.clock.now())
    assert "no such luck" in (view.last_error or "")
    desk.clock.advance(HOUR)
    assert await desk.run_due()() == 0


async def test_a_failing_job_does_not_stop_those_beside_it() -> None:
    desk = Desk()
    done: list[int] = []

    async def fail_one(payload: dict[str, Any]) -> None:
        if payload["n"] == 1:
            raise ValueError("no")
        done.append(payload["n"])

    desk.handle("mixed", fail_one)
    for n in range(3):
        await desk.enqueue("mixed", {"n": n})
    assert await desk.run_due()() == 3
    assert sorted(done) == [0, 2]


async def test_a_job_is_stopped_at_its_time_limit() -> None:
    desk = Desk()
    stopped = False

    async def hang(payload: dict[str, Any]) -> None:
        nonlocal stopped
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            stopped = True
            raise

    desk.handle("hang", hang, time_limit=timedelta(milliseconds=20))
    job = await desk.enqueue("hang")
    await desk.run_due()()
    view = await desk.view(job)
    assert stopped
    assert view.state is JobState.QUEUED
    assert view.last_error == "It took longer than its limit of 0.02 s."


async def test_a_handler_that_ends_by_canceling_itself_has_failed() -> None:
    desk = Desk()

    async def cancel(payload: dict[str, Any]) -> None:
        raise asyncio.CancelledError

    desk.handle("cancel", cancel)
    job = await desk.enqueue("cancel")
    await desk.run_due()()
    assert (await desk.view(job)).last_error == "It was canceled from within."


async def test_a_long_job_keeps_its_lease() -> None:
    desk = Desk(lease=timedelta(milliseconds=60))
    go_on = asyncio.Event()

    async def long(payload: dict[str, Any]) -> None:
        await go_on.wait()

    desk.handle("long", long)
    job = await desk.enqueue("long")
    running = asyncio.create_task(desk.run_due()())
    await asyncio.sleep(0.01)
    before = (await desk.view(job)).lease_until
    desk.clock.advance(timedelta(milliseconds=50))
    await asyncio.sleep(0.04)
    after = (await desk.view(job)).lease_until
    assert before is not None
    assert after == before + timedelta(milliseconds=50)
    desk.clock.advance(timedelta(milliseconds=50))
    assert await desk.claim("two")(10) == ()
    go_on.set()
    assert await running == 1
    assert (await desk.view(job)).state is JobState.DONE


async def test_a_worker_that_lost_its_lease_is_stopped_and_notes_nothing() -> None:
    desk = Desk(lease=timedelta(milliseconds=60))

    async def long(payload: dict[str, Any]) -> None:
        await asyncio.Event().wait()

    desk.handle("long", long)
    job = await desk.enqueue("long")
    (claimed,) = await desk.claim("one")(1)
    running = asyncio.create_task(desk.run_job()(claimed))
    desk.clock.advance(timedelta(seconds=1))
    (retaken,) = await desk.claim("two")(1)
    assert await running is RunOutcome.LOST
    view = await desk.view(job)
    assert (view.state, view.worker, view.attempts) == (JobState.RUNNING, "two", 2)
    assert retaken.token == 2


async def test_a_worker_that_finishes_too_late_changes_nothing() -> None:
    desk = Desk()
    go_on = asyncio.Event()

    async def wait(payload: dict[str, Any]) -> None:
        await go_on.wait()

    desk.handle("wait", wait)
    job = await desk.enqueue("wait")
    (claimed,) = await desk.claim("one")(1)
    running = asyncio.create_task(desk.run_job()(claimed))
    await asyncio.sleep(0)
    desk.clock.advance(MINUTE)
    await desk.claim("two")(1)
    go_on.set()
    assert await running is RunOutcome.LOST
    assert (await desk.view(job)).worker == "two"


async def test_a_canceled_worker_hands_its_job_back_and_the_run_does_not_count() -> None:
    desk = Desk()

    async def hang(payload: dict[str, Any]) -> None:
        await asyncio.Event().wait()

    desk.handle("hang", hang)
    job = await desk.enqueue("hang")
    running = asyncio.create_task(desk.run_due()())
    await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    view = await desk.view(job)
    assert (view.state, view.attempts, view.lease_until) == (JobState.QUEUED, 0, None)
    assert [run.outcome for run in await desk.backend.job_views.runs(job.id, 10)] == [RunOutcome.HANDED_BACK]


async def test_recurring_work_runs_once_a_round() -> None:
    runs = 0

    async def sweep(payload: dict[str, Any]) -> None:
        nonlocal runs
        runs += 1

    desk = Desk(Schedule(name="sweep", kind="sweep", every=MINUTE))
    desk.handle("sweep", sweep)
    for _ in range(3):
        await desk.run_due()()
        await desk.run_due()()
        desk.clock.advance(MINUTE)
    assert runs == 3


def test_a_kind_has_one_handler() -> None:
    async def nothing(payload: dict[str, Any]) -> None: ...

    desk = Desk()
    desk.handle("same", nothing)
    with pytest.raises(ValueError, match="have a handler already"):
        desk.handle("same", nothing)
