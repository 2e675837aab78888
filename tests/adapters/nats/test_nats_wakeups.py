"""What NATS's wake-ups put on the wire; their contract is in tests/contracts."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from nats.aio.msg import Msg

from tradepost.kernel.wakeups import Topic
from tradepost_adapters.nats.connection import NatsAddress, NatsConnection
from tradepost_adapters.nats.wakeups import NatsWakeUps

_LONG = 60.0

Pair = tuple[NatsWakeUps, NatsWakeUps]


@pytest.fixture
async def pair(nats_server: str) -> AsyncIterator[Pair]:
    """Two processes, as far as NATS can tell, both listening; the hints of connecting are used up."""
    both = tuple(NatsWakeUps.at(f"{nats_server}?name=hints") for _ in range(2))
    for wakeups in both:
        await wakeups.open()
    for wakeups in both:
        for topic in Topic:
            await asyncio.wait_for(wakeups.wait(topic, _LONG), 10)
    yield both[0], both[1]
    for wakeups in both:
        await wakeups.close()


async def test_many_hints_at_once_travel_as_few(pair: Pair, nats_server: str) -> None:
    here, there = pair
    heard: list[str] = []
    last = asyncio.Event()

    async def listen(message: Msg) -> None:
        heard.append(message.subject)
        if message.subject.endswith(Topic.JOBS):
            last.set()

    connection = NatsConnection(NatsAddress.of(nats_server))
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


async def test_a_hint_of_a_newer_release_is_passed_over(pair: Pair, nats_server: str) -> None:
    _, there = pair
    connection = NatsConnection(NatsAddress.of(nats_server))
    client = await connection.client()
    await client.publish("hints.wakeups.of_tomorrow")
    await client.publish("hints.wakeups.jobs")
    await asyncio.wait_for(there.wait(Topic.JOBS, _LONG), 10)
    await connection.close()
