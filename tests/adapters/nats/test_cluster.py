"""Three NATS servers that keep each message three times, one of which is killed while messages flow."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

import pytest
from tests.nats_servers import NatsCluster, NatsNode, nats_cluster

from tradepost_adapters.contracts.broker import Desk, in_order, publish, series
from tradepost_adapters.nats.broker import NatsBroker
from tradepost_adapters.nats.connection import NatsAddress, NatsConnection

Process = Callable[[], Awaitable[NatsBroker]]


@pytest.fixture(scope="module")
def cluster() -> Iterator[NatsCluster]:
    with nats_cluster() as cluster:
        yield cluster


@pytest.fixture(params=["leader", "follower"])
def name(request: pytest.FixtureRequest) -> str:
    role: str = request.param
    return f"kill-{role}"


@pytest.fixture
async def process(cluster: NatsCluster, name: str) -> AsyncIterator[Process]:
    async with AsyncExitStack() as stack:

        async def process() -> NatsBroker:
            broker = NatsBroker.at(f"{cluster.url}?name={name}", "https://shop.example")
            stack.push_async_callback(broker.close)
            return broker

        yield process


async def _node(cluster: NatsCluster, name: str) -> NatsNode:
    """The server that leads the stream, or another one."""
    connection = NatsConnection(NatsAddress.of(cluster.url))
    info = await (await connection.client()).jetstream().stream_info(f"{name}_events".upper())
    await connection.close()
    assert info.cluster is not None
    assert info.cluster.leader is not None
    assert info.cluster.replicas is not None
    assert info.config.num_replicas == 3
    followers = [replica.name for replica in info.cluster.replicas]
    return cluster.node(info.cluster.leader if name == "kill-leader" else followers[0])


async def test_nothing_is_lost_and_the_order_is_kept_when_a_server_is_killed(
    cluster: NatsCluster, process: Process, name: str
) -> None:
    relay, desk = await process(), Desk()
    for consumer in ("one", "two"):
        desk.join(await process(), consumer)
    wanted = series(100, 20)
    # At once, before all servers know of the new group: one that leads later must have what was published by then.
    for place in range(0, len(wanted), 50):
        if place == 600:
            victim = await _node(cluster, name)
            killing = asyncio.create_task(asyncio.to_thread(victim.kill))
        await publish(relay, wanted[place : place + 50])
    await killing
    await desk.until_all(wanted)
    assert desk.firsts() == in_order(wanted)
    twice = {given for given, times in Counter(desk.ids()).items() if times > 1}
    assert twice <= {each.id for each in wanted[:1000]}, "what was published long after the kill came once"
    await desk.close()
    await asyncio.to_thread(_bring_back, victim)


def _bring_back(node: NatsNode) -> None:
    node.start()
    node.wait_until_ready()
