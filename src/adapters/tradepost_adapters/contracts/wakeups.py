"""What every adapter of wake-ups keeps to."""

# ruff: noqa: S101 - a suite asserts

import asyncio
import time
from typing import ClassVar, Protocol

import pytest

from tradepost.kernel.wakeups import Topic, WakeUps

PATIENCE = 20.0
"""Seconds after which a test gives up waiting."""
LONG = 3600.0
"""Seconds after which nobody looks by itself."""


class WakeUpsAdapter(Protocol):
    """Wake-ups under test."""

    async def process(self) -> WakeUps:
        """One more process, which hears the others; hints of its connecting are used up. The fixture closes it."""
        ...

    async def lose(self) -> None:
        """Break the connections there are; they can be made again at once."""
        ...

    async def alone(self) -> WakeUps:
        """A process whose server is away."""
        ...


async def woken(wakeups: WakeUps, topic: Topic) -> None:
    async with asyncio.timeout(PATIENCE):
        await wakeups.wait(topic, LONG)


async def used_up(wakeups: WakeUps, topic: Topic) -> None:
    """That there is no hint left."""
    begun = time.monotonic()
    await wakeups.wait(topic, 0.1)
    assert time.monotonic() - begun >= 0.09


class WakeUpsContract:
    """Bind it with a fixture `adapter` that gives a `WakeUpsAdapter`.

    `BETWEEN_PROCESSES`: hints reach other processes. One that does without has neither `lose` nor `alone`.
    """

    BETWEEN_PROCESSES: ClassVar[bool] = True

    @pytest.fixture
    def between(self) -> None:
        if not self.BETWEEN_PROCESSES:
            pytest.skip("declared: hints stay within the process")

    async def test_a_hint_wakes_who_waits_in_the_process(self, adapter: WakeUpsAdapter) -> None:
        wakeups = await adapter.process()
        waiting = asyncio.create_task(woken(wakeups, Topic.JOBS))
        await asyncio.sleep(0)
        wakeups.signal(Topic.JOBS)
        await waiting

    async def test_a_hint_that_nobody_waited_for_is_kept_and_good_once(self, adapter: WakeUpsAdapter) -> None:
        wakeups = await adapter.process()
        wakeups.signal(Topic.MESSAGES)
        wakeups.signal(Topic.MESSAGES)
        await woken(wakeups, Topic.MESSAGES)
        await used_up(wakeups, Topic.MESSAGES)

    async def test_a_hint_wakes_everybody_who_waits_for_its_topic_and_nobody_else(
        self, adapter: WakeUpsAdapter
    ) -> None:
        wakeups = await adapter.process()
        waiting = [asyncio.create_task(woken(wakeups, Topic.EVENTS)) for _ in range(3)]
        other = asyncio.create_task(woken(wakeups, Topic.PARKED))
        await asyncio.sleep(0)
        wakeups.signal(Topic.EVENTS)
        await asyncio.gather(*waiting)
        assert not other.done()
        wakeups.signal(Topic.PARKED)
        await other

    async def test_without_a_hint_the_time_is_waited_for(self, adapter: WakeUpsAdapter) -> None:
        await used_up(await adapter.process(), Topic.JOBS)

    @pytest.mark.usefixtures("between")
    async def test_a_hint_reaches_every_other_process(self, adapter: WakeUpsAdapter) -> None:
        here, *there = [await adapter.process() for _ in range(3)]
        for topic in Topic:
            waiting = [asyncio.create_task(woken(one, topic)) for one in there]
            await asyncio.sleep(0)
            here.signal(topic)
            await asyncio.gather(*waiting)

    @pytest.mark.usefixtures("between")
    async def test_a_hint_wakes_its_own_process_once(self, adapter: WakeUpsAdapter) -> None:
        here, there = await adapter.process(), await adapter.process()
        here.signal(Topic.MESSAGES)
        await woken(here, Topic.MESSAGES)
        await woken(there, Topic.MESSAGES)  # so it has been out there
        await used_up(here, Topic.MESSAGES)

    @pytest.mark.usefixtures("between")
    async def test_a_lost_connection_is_made_again_and_what_may_have_been_missed_is_looked_for(
        self, adapter: WakeUpsAdapter
    ) -> None:
        here, there = await adapter.process(), await adapter.process()
        await adapter.lose()
        here.signal(Topic.JOBS)
        await woken(here, Topic.JOBS)
        for wakeups in (here, there):
            await woken(wakeups, Topic.PARKED)
        await woken(there, Topic.JOBS)
        here.signal(Topic.EVENTS)
        await woken(there, Topic.EVENTS)

    @pytest.mark.usefixtures("between")
    async def test_a_server_that_is_away_hinders_nobody(self, adapter: WakeUpsAdapter) -> None:
        wakeups = await adapter.alone()
        for topic in Topic:
            wakeups.signal(topic)
            await woken(wakeups, topic)
        await used_up(wakeups, Topic.JOBS)
