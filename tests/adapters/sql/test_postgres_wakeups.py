"""Wake-ups between processes through Postgres."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from tradepost.kernel.wakeups import Topic
from tradepost_adapters.sql.postgres_pool import connect
from tradepost_adapters.sql.wakeups import PostgresWakeUps

_OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest.fixture
async def pair(postgres_url: str) -> AsyncIterator[tuple[PostgresWakeUps, PostgresWakeUps]]:
    """Two processes, as far as Postgres can tell, both listening; the hints of connecting are used up."""
    both = PostgresWakeUps(postgres_url, retry=0.05), PostgresWakeUps(postgres_url, retry=0.05)
    for wakeups in both:
        await wakeups.open()
    for wakeups in both:
        for topic in Topic:
            await wakeups.wait(topic, 5)
    yield both
    for wakeups in both:
        await wakeups.close()


async def test_a_hint_reaches_another_process(pair: tuple[PostgresWakeUps, PostgresWakeUps]) -> None:
    here, there = pair
    waiting = asyncio.create_task(there.wait(Topic.JOBS, 60))
    await asyncio.sleep(0)
    here.signal(Topic.JOBS)
    await asyncio.wait_for(waiting, 5)


async def test_a_hint_wakes_its_own_process_once(pair: tuple[PostgresWakeUps, PostgresWakeUps]) -> None:
    here, there = pair
    here.signal(Topic.MESSAGES)
    await asyncio.wait_for(here.wait(Topic.MESSAGES, 60), 5)
    await asyncio.wait_for(there.wait(Topic.MESSAGES, 60), 5)
    begun = time.monotonic()
    await here.wait(Topic.MESSAGES, 0.1)
    assert time.monotonic() - begun >= 0.09


async def test_hints_are_collected_for_ten_milliseconds(
    pair: tuple[PostgresWakeUps, PostgresWakeUps], postgres_url: str
) -> None:
    here, _ = pair
    heard: list[str] = []
    listener = await connect(postgres_url)
    await listener.add_listener("tradepost_wakeups", lambda *heard_: heard.append(str(heard_[-1])))
    begun = time.monotonic()
    for _ in range(200):
        here.signal(Topic.JOBS)
        await asyncio.sleep(0.001)
    took = time.monotonic() - begun
    await asyncio.sleep(0.1)
    await listener.close()
    assert 1 <= len(heard) <= took / 0.01 + 2


async def test_a_lost_connection_is_made_again_and_in_between_hints_stay_in_the_process(
    pair: tuple[PostgresWakeUps, PostgresWakeUps], postgres_url: str
) -> None:
    here, there = pair
    operator = await connect(postgres_url)
    await operator.execute(f"SELECT pg_terminate_backend(pid) {_OTHERS}")
    here.signal(Topic.JOBS)
    await asyncio.wait_for(here.wait(Topic.JOBS, 60), 5)
    for wakeups in pair:  # connected again, they look for what they may have missed
        await asyncio.wait_for(wakeups.wait(Topic.MESSAGES, 60), 5)
        await wakeups.wait(Topic.JOBS, 0.1)
    here.signal(Topic.JOBS)
    await asyncio.wait_for(there.wait(Topic.JOBS, 60), 5)
    await operator.close()


async def test_a_database_that_is_away_hinders_nobody() -> None:
    wakeups = PostgresWakeUps("postgresql://nobody@127.0.0.1:1/nowhere", retry=0.05)
    await wakeups.open()
    await asyncio.sleep(0.1)
    wakeups.signal(Topic.JOBS)
    await asyncio.wait_for(wakeups.wait(Topic.JOBS, 60), 5)
    await wakeups.close()
