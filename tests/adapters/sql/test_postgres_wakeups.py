"""Wake-ups between processes through Postgres: what their contract does not see."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from tradepost.kernel.wakeups import Topic
from tradepost_adapters.sql.postgres_pool import connect
from tradepost_adapters.sql.wakeups import PostgresWakeUps


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
