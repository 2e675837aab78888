"""Wake-ups between processes through NATS."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import pytest
from nats.aio.msg import Msg
from tests.nats_servers import private_nats
from tests.severable import Severable

from tradepost.kernel.wakeups import Topic
from tradepost_adapters.nats.connection import NatsAddress, NatsConnection
from tradepost_adapters.nats.wakeups import NatsWakeUps

_LONG = 60.0

Pair = tuple[NatsWakeUps, NatsWakeUps]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with private_nats() as url:
        yield url


@pytest.fixture
async def way(server: str) -> AsyncIterator[Severable]:
    parts = urlsplit(server)
    way = await Severable((parts.hostname or "127.0.0.1", parts.port or 4222)).open()
    yield way
    await way.close()


@pytest.fixture
async def pair(way: Severable) -> AsyncIterator[Pair]:
    """Two processes, as far as NATS can tell, both listening; the hints of connecting are used up."""
    both = tuple(NatsWakeUps.at(f"nats://127.0.0.1:{way.port}?name=hints") for _ in range(2))
    for wakeups in both:
        await wakeups.open()
    for wakeups in both:
        await _use_up(wakeups)
    yield both[0], both[1]
    for wakeups in both:
        await wakeups.close()


async def _use_up(wakeups: NatsWakeUps) -> None:
    for topic in Topic:
        await asyncio.wait_for(wakeups.wait(topic, _LONG), 10)


async def test_a_hint_reaches_another_process(pair: Pair) -> None:
    here, there = pair
    here.signal(Topic.JOBS)
    await asyncio.wait_for(there.wait(Topic.JOBS, _LONG), 10)


async def test_a_hint_wakes_its_own_process_once(pair: Pair) -> None:
    here, there = pair
    here.signal(Topic.MESSAGES)
    await asyncio.wait_for(here.wait(Topic.MESSAGES, _LONG), 10)
    await asyncio.wait_for(there.wait(Topic.MESSAGES, _LONG), 10)
    there.signal(Topic.JOBS)  # what arrives behind an echo, if there were one
    await asyncio.wait_for(here.wait(Topic.JOBS, _LONG), 10)
    again = asyncio.create_task(here.wait(Topic.MESSAGES, 0.05))
    here_first = asyncio.create_task(here.wait(Topic.EVENTS, 0.02))
    await asyncio.wait({again, here_first}, return_when=asyncio.FIRST_COMPLETED)
    assert not again.done()
    await again


async def test_many_hints_at_once_travel_as_few(pair: Pair, server: str) -> None:
    here, there = pair
    heard: list[str] = []
    last = asyncio.Event()

    async def listen(message: Msg) -> None:
        heard.append(message.subject)
        if message.subject.endswith(Topic.JOBS):
            last.set()

    connection = NatsConnection(NatsAddress.of(server))
    client = await connection.client()
    await client.subscribe("hints.wakeups.*", cb=listen)
    await client.flush()
    for _ in range(500):
        here.signal(Topic.MESSAGES)
    await asyncio.wait_for(there.wait(Topic.MESSAGES, _LONG), 10)
    here.signal(Topic.JOBS)
    await asyncio.wait_for(last.wait(), 10)
    assert heard == ["hints.wakeups.messages", "hints.wakeups.jobs"]
    await connection.close()


async def test_a_lost_connection_is_made_again_and_in_between_hints_stay_in_the_process(
    pair: Pair, way: Severable
) -> None:
    here, there = pair
    way.cut()
    here.signal(Topic.JOBS)
    await asyncio.wait_for(here.wait(Topic.JOBS, _LONG), 10)
    way.mend()
    for wakeups in pair:  # connected again, they look for what they may have missed
        await _use_up(wakeups)
    here.signal(Topic.JOBS)
    await asyncio.wait_for(there.wait(Topic.JOBS, _LONG), 10)


async def test_a_hint_of_a_newer_release_is_passed_over(pair: Pair, server: str) -> None:
    _, there = pair
    connection = NatsConnection(NatsAddress.of(server))
    client = await connection.client()
    await client.publish("hints.wakeups.of_tomorrow")
    await client.publish("hints.wakeups.jobs")
    await asyncio.wait_for(there.wait(Topic.JOBS, _LONG), 10)
    await connection.close()
