"""The loop of a worker."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from tests.core.jobs.desk import HOUR, Desk

from tradepost.jobs import JobState
from tradepost.jobs.job_runner import LeapWatch
from tradepost.kernel.clock import ManualClock


async def test_a_runner_is_woken_by_the_commit_of_a_job() -> None:
    desk = Desk()
    done = asyncio.Event()

    async def finish(payload: dict[str, Any]) -> None:
        done.set()

    desk.handle("finish", finish)
    runner = desk.runner(poll=60)
    running = asyncio.create_task(runner.run())
    await asyncio.sleep(0.02)
    await desk.enqueue("finish")
    await asyncio.wait_for(done.wait(), 5)
    runner.stop()
    await asyncio.wait_for(running, 5)


async def test_a_runner_runs_so_many_at_a_time_and_no_more() -> None:
    desk = Desk()
    now = most = finished = 0

    async def count(payload: dict[str, Any]) -> None:
        nonlocal now, most, finished
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.002)
        now -= 1
        finished += 1
        if finished == 20:
            runner.stop()

    desk.handle("count", count)
    for _ in range(20):
        await desk.enqueue("count")
    runner = desk.runner(concurrency=3, poll=0.01)
    await asyncio.wait_for(runner.run(), 10)
    assert (most, finished) == (3, 20)


async def test_a_stopped_runner_waits_for_what_is_running_and_takes_nothing_new() -> None:
    desk = Desk()
    started, go_on = asyncio.Event(), asyncio.Event()

    async def wait(payload: dict[str, Any]) -> None:
        started.set()
        await go_on.wait()

    desk.handle("wait", wait)
    first = await desk.enqueue("wait")
    runner = desk.runner(concurrency=1, poll=0.01)
    running = asyncio.create_task(runner.run())
    await started.wait()
    second = await desk.enqueue("wait")
    runner.stop()
    await asyncio.sleep(0.03)
    assert not running.done()
    go_on.set()
    await asyncio.wait_for(running, 5)
    assert (await desk.view(first)).state is JobState.DONE
    assert (await desk.view(second)).state is JobState.QUEUED


async def test_a_canceled_runner_hands_back_what_is_running() -> None:
    desk = Desk()
    started = asyncio.Event()

    async def hang(payload: dict[str, Any]) -> None:
        started.set()
        await asyncio.Event().wait()

    desk.handle("hang", hang)
    job = await desk.enqueue("hang")
    running = asyncio.create_task(desk.runner().run())
    await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    view = await desk.view(job)
    assert (view.state, view.attempts) == (JobState.QUEUED, 0)


async def test_a_runner_outlives_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    done = asyncio.Event()

    async def finish(payload: dict[str, Any]) -> None:
        done.set()

    desk.handle("finish", finish)
    await desk.enqueue("finish")
    run, failures = desk.backend.transactions.run, 3

    async def away(work: Any) -> Any:
        nonlocal failures
        if failures:
            failures -= 1
            raise OSError("away")
        return await run(work)

    monkeypatch.setattr(desk.backend.transactions, "run", away)
    runner = desk.runner(poll=0.01)
    running = asyncio.create_task(runner.run())
    await asyncio.wait_for(done.wait(), 5)
    runner.stop()
    await running


async def test_a_clock_set_forward_takes_no_job_from_a_living_worker_and_one_set_back_starves_none() -> None:
    desk = Desk()
    started: list[int] = []
    go_on = asyncio.Event()

    async def wait(payload: dict[str, Any]) -> None:
        started.append(payload["n"])
        await go_on.wait()

    desk.handle("wait", wait)
    await desk.enqueue("wait", {"n": 1})
    runners = [desk.runner(poll=0.01) for _ in range(2)]
    running = [asyncio.create_task(runner.run()) for runner in runners]
    await asyncio.sleep(0.03)
    desk.clock.advance(HOUR)
    await asyncio.sleep(0.05)
    assert started == [1]
    await desk.enqueue("wait", {"n": 2})
    desk.clock.advance(-2 * HOUR)
    await asyncio.sleep(0.05)
    assert started == [1, 2]
    go_on.set()
    for runner in runners:
        runner.stop()
    await asyncio.gather(*running)
    assert started == [1, 2]


def test_leases_are_trusted_again_a_lease_after_the_clock_was_set_forward() -> None:
    clock, counted = ManualClock(), 0.0

    def pass_by(seconds: float) -> None:
        nonlocal counted
        counted += seconds
        clock.advance(timedelta(seconds=seconds))

    watch = LeapWatch(clock, timedelta(seconds=20), lambda: counted)
    pass_by(100)
    assert watch.trusts_leases()
    clock.advance(HOUR)
    assert not watch.trusts_leases()
    pass_by(19)
    assert not watch.trusts_leases()
    pass_by(1)
    assert watch.trusts_leases()
    clock.advance(-HOUR)
    assert watch.trusts_leases()
