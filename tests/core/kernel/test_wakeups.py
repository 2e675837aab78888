"""Wake-ups and pauses."""

import asyncio
import threading
import time
from datetime import timedelta

from tradepost.kernel.backoff import Backoff
from tradepost.kernel.wakeups import LocalWakeUps, Topic, wait_or_stop


async def test_a_signal_given_before_the_wait_is_not_lost() -> None:
    wakeups = LocalWakeUps()
    wakeups.signal(Topic.JOBS)
    await asyncio.wait_for(wakeups.wait(Topic.JOBS, 60), 5)


async def test_a_signal_wakes_all_who_wait_for_its_topic_and_nobody_else() -> None:
    wakeups = LocalWakeUps()
    jobs = [asyncio.create_task(wakeups.wait(Topic.JOBS, 60)) for _ in range(3)]
    messages = asyncio.create_task(wakeups.wait(Topic.MESSAGES, 60))
    await asyncio.sleep(0)
    wakeups.signal(Topic.JOBS)
    await asyncio.wait_for(asyncio.gather(*jobs), 5)
    assert not messages.done()
    messages.cancel()


async def test_a_wait_ends_by_itself() -> None:
    begun = time.monotonic()
    await LocalWakeUps().wait(Topic.JOBS, 0.01)
    assert time.monotonic() - begun < 5


async def test_a_signal_comes_through_from_another_thread() -> None:
    wakeups = LocalWakeUps()
    threading.Timer(0.02, wakeups.signal, (Topic.JOBS,)).start()
    await asyncio.wait_for(wakeups.wait(Topic.JOBS, 60), 5)


async def test_a_wait_ends_when_its_loop_is_told_to_stop() -> None:
    stop = asyncio.Event()
    waiting = asyncio.create_task(wait_or_stop(LocalWakeUps(), Topic.JOBS, 60, stop))
    await asyncio.sleep(0)
    stop.set()
    await asyncio.wait_for(waiting, 5)
    await asyncio.wait_for(wait_or_stop(LocalWakeUps(), Topic.JOBS, 60, stop), 5)


def test_pauses_double_up_to_a_ceiling_and_jitter_takes_off_a_part() -> None:
    backoff = Backoff(first=timedelta(seconds=1), ceiling=timedelta(seconds=10), jitter=0.5)
    assert [backoff.pause(n, lambda: 0).total_seconds() for n in (1, 2, 3, 4, 5, 1_000)] == [1, 2, 4, 8, 10, 10]
    assert backoff.pause(1_000_000, lambda: 0.5).total_seconds() == 7.5
