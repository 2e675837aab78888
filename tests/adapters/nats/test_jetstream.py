"""What NATS keeps for Tradepost: made once, looked at, trimmed."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext, api

from tradepost.kernel.transactions import Unavailable
from tradepost.messaging.delivery import PARTITIONS
from tradepost_adapters.contracts.broker import Desk, message, publish, series
from tradepost_adapters.nats.broker import NatsBroker
from tradepost_adapters.nats.connection import NatsAddress, NatsConnection
from tradepost_adapters.nats.stream import EventStream
from tradepost_adapters.nats.trimming import trim

Process = Callable[[], Awaitable[NatsBroker]]
_numbers = itertools.count()


@pytest.fixture
def address(nats_server: str) -> NatsAddress:
    return NatsAddress.of(f"{nats_server}?name=kept-{os.getpid()}-{next(_numbers)}")


@pytest.fixture
async def connection(address: NatsAddress) -> AsyncIterator[NatsConnection]:
    connection = NatsConnection(address)
    yield connection
    client = await connection.client()
    await client.jetstream().delete_stream(EventStream(address, lease=5).name)
    await connection.close()


@pytest.fixture
async def context(connection: NatsConnection) -> JetStreamContext:
    return (await connection.client()).jetstream()


@pytest.fixture
async def process(address: NatsAddress, connection: NatsConnection) -> AsyncIterator[Process]:
    async with AsyncExitStack() as stack:

        async def process() -> NatsBroker:
            broker = NatsBroker(address, "https://shop.example")
            stack.push_async_callback(broker.close)
            return broker

        yield process


@pytest.fixture
def stream(address: NatsAddress) -> EventStream:
    return EventStream(address, lease=5)


async def test_processes_that_start_at_once_make_one_stream_and_one_consumer_for_each_partition(
    process: Process, context: JetStreamContext, stream: EventStream
) -> None:
    desk = Desk()
    for number in range(6):
        desk.join(await process(), str(number))
    await desk.share(await process(), *map(str, range(6)))
    info = await context.stream_info(stream.name)
    assert info.state.consumer_count == PARTITIONS
    assert (info.config.discard, info.config.max_age) == (api.DiscardPolicy.NEW, 0)
    await desk.close()


async def test_nothing_is_taken_while_nobody_would_get_it(process: Process, context: JetStreamContext) -> None:
    with pytest.raises(Unavailable, match="No group receives messages yet"):
        await (await process()).publish([message("order_1")])


async def test_what_all_groups_have_received_is_removed_and_nothing_else(
    process: Process, connection: NatsConnection, context: JetStreamContext, stream: EventStream
) -> None:
    broker = await process()
    prompt, away = await Desk("prompt").open(broker), await Desk("away").open(broker)
    await away.stop("one")
    await publish(broker, series(50, 4))
    await prompt.until_all(series(50, 4))
    client = await connection.client()
    await trim(client, stream)
    assert (await context.stream_info(stream.name)).state.messages >= 200
    away.join(await process(), "two")
    await away.until_all(series(50, 4))
    assert len(away.given) == len(prompt.given) == 200
    await away.stop("two")
    await prompt.stop("one")
    await _trim_until(client, stream, context, lambda messages: messages == 0)


async def test_what_a_consumer_of_somebody_s_own_has_not_acknowledged_stays(
    process: Process, connection: NatsConnection, context: JetStreamContext, stream: EventStream
) -> None:
    desk = await Desk().open(await process())
    client = await connection.client()
    own = await context.pull_subscribe("", durable="audit", stream=stream.name)
    await publish(await process(), series(20, 2))
    await desk.until_all(series(20, 2))
    await desk.stop("one")
    await trim(client, stream)
    assert (await context.stream_info(stream.name)).state.messages >= 40
    while (await own.consumer_info()).num_pending:
        for raw in await own.fetch(100):
            await raw.ack_sync()
    await _trim_until(client, stream, context, lambda messages: messages == 0)


async def _trim_until(
    client: Client, stream: EventStream, context: JetStreamContext, reached: Callable[[int], bool]
) -> None:
    """Trim as often as acknowledgements are on their way."""
    for _ in range(200):
        await trim(client, stream)
        if reached((await context.stream_info(stream.name)).state.messages):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("The stream has not what it should have.")


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("max_age", 3600.0, "max_age should be unlimited"),
        ("discard", api.DiscardPolicy.OLD, "discard should be new"),
        ("retention", api.RetentionPolicy.INTEREST, "retention should be limits"),
        ("max_msgs", 1000, "max_msgs should be unlimited"),
        ("duplicate_window", 1.0, "duplicate_window should be 120 s or more"),
    ],
)
async def test_a_stream_that_would_lose_messages_is_refused_with_what_to_do(
    process: Process,
    context: JetStreamContext,
    stream: EventStream,
    address: NatsAddress,
    setting: str,
    value: object,
    says: str,
) -> None:
    safe: dict[str, object] = {"discard": api.DiscardPolicy.NEW, "duplicate_window": 300.0}
    await context.add_stream(
        api.StreamConfig(name=stream.name, subjects=[f"{address.name}.events.>"], **{**safe, setting: value})  # type: ignore[arg-type]
    )
    with pytest.raises(Unavailable, match=says) as refused:
        await (await process()).publish([message("order_1")])
    assert f"nats stream rm {stream.name}" in refused.value.detail


async def test_a_consumer_that_would_lose_the_order_is_refused_with_what_to_do(
    process: Process, context: JetStreamContext, stream: EventStream
) -> None:
    broker = await process()
    desk = await Desk().open(broker)
    await desk.stop("one")
    info = await context.consumer_info(stream.name, "desk-3")
    await context.add_consumer(stream.name, info.config.evolve(max_ack_pending=100))
    other = await process()
    other.subscribe("desk", _nothing)
    with pytest.raises(Unavailable, match=r"desk-3 is not as Tradepost makes it: max_ack_pending should be 1"):
        await other.publish([message("order_1")])


async def test_a_stream_that_somebody_removed_is_made_anew(
    process: Process, context: JetStreamContext, stream: EventStream
) -> None:
    desk = await Desk().open(await process())
    await context.delete_stream(stream.name)
    await desk.share(await process(), "one")
    await desk.close()


async def test_any_type_of_event_has_a_subject(process: Process) -> None:
    broker = await process()
    desk = await Desk().open(broker)
    wanted = [
        message(f"order_{number}").__class__(
            id=f"order_{number}.1",
            type=event_type,
            aggregate_id=f"order_{number}",
            sequence=1,
            payload=b"{}",
            occurred_at=message("order").occurred_at,
        )
        for number, event_type in enumerate(["a b", "*", ">", "größe.v1", "..", "x" * 200, "shop.Order_placed-2.v1"])
    ]
    await publish(broker, wanted)
    await desk.until_all(wanted)
    assert sorted(one.message.type for one in desk.given) == sorted(each.type for each in wanted)
    await desk.close()


@pytest.mark.parametrize("group", ["", "two words", "a.b", "*", "x" * 41])
async def test_a_group_that_nats_could_not_name_is_refused(nats_server: str, group: str) -> None:
    with pytest.raises(ValueError, match="letters, digits"):
        NatsBroker.at(nats_server, "https://shop.example").subscribe(group, _nothing)


async def _nothing(messages: object) -> None: ...
