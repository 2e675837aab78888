"""What is the Redis broker's own: what it keeps and forgets, what it does when Redis loses something, what it says."""

import logging
import uuid
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tradepost.kernel.transactions import Unavailable
from tradepost.messaging.cloud_events import from_cloud_event
from tradepost_adapters.contracts.broker import Desk, in_order, message, publish, series
from tradepost_adapters.redis.broker import RedisBroker
from tradepost_adapters.redis.connecting import connect
from tradepost_adapters.redis.streams import Streams

EVERYTHING = range(32)


@pytest.fixture
def prefix() -> str:
    return uuid.uuid4().hex


@pytest.fixture
async def redis(valkey_server: str) -> AsyncIterator["Redis"]:
    client = connect(valkey_server, timeout=5)
    yield client
    await client.aclose()


@pytest.fixture
def broker(redis: "Redis", prefix: str) -> RedisBroker:
    return RedisBroker(redis, "urn:shop", prefix=prefix)


@pytest.fixture
def streams(redis: "Redis", prefix: str) -> Streams:
    return Streams(redis, prefix)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    yield desk
    await desk.close()


async def lengths(redis: "Redis", prefix: str) -> int:
    return sum([int(await redis.xlen(f"{{{prefix}}}:events:{number}")) for number in EVERYTHING])


async def test_an_entry_is_a_cloud_event_that_others_can_read(redis: "Redis", prefix: str, broker: RedisBroker) -> None:
    await broker.publish([message("order_1")])
    entries = [one for n in EVERYTHING for one in await redis.xrange(f"{{{prefix}}}:events:{n}")]
    ((_, fields),) = entries
    assert list(fields) == [b"event"]
    assert from_cloud_event(fields[b"event"]) == message("order_1")
    assert b'"source":"urn:shop"' in fields[b"event"]


async def test_what_every_group_has_acknowledged_is_forgotten_and_nothing_else(
    redis: "Redis", prefix: str, broker: RedisBroker, streams: Streams, desk: Desk
) -> None:
    await streams.create("slow", "$")
    await desk.open(broker)
    wanted = series(60, 80)
    await publish(broker, wanted)
    await desk.until_all(wanted)
    assert await streams.trim(EVERYTHING) == 0, "one group has not even read"

    share = await streams.share("slow", "me", 60_000, ())
    assert share.taken == tuple(EVERYTHING)
    found = await streams.read("slow", "me", dict.fromkeys(EVERYTHING, False), 100_000)
    ids = {number: [entry.id for entry in its.entries or ()] for number, its in found.items()}
    read = sum(map(len, ids.values()))
    assert await streams.trim(EVERYTHING) == 0, "it has read, and acknowledged nothing"

    busiest = max(ids, key=lambda number: len(ids[number]))
    await streams.acknowledge("slow", {number: its[1:] for number, its in ids.items() if its and number != busiest})
    assert await streams.trim(EVERYTHING) == 0, "the oldest of each is wanted still"
    await streams.acknowledge("slow", {busiest: ids[busiest]})
    forgotten = await streams.trim(EVERYTHING)
    assert 0 < forgotten < len(ids[busiest])
    assert await lengths(redis, prefix) == read - forgotten

    await streams.acknowledge("slow", {number: its for number, its in ids.items() if its})
    await streams.trim(EVERYTHING)
    assert await lengths(redis, prefix) < read / 2, "Redis forgets by whole blocks, so some stay a little longer"


async def test_without_any_group_nothing_is_forgotten(
    redis: "Redis", prefix: str, broker: RedisBroker, streams: Streams
) -> None:
    await broker.publish(series(10, 50))
    assert await streams.trim(EVERYTHING) == 0
    assert await lengths(redis, prefix) == 500


async def test_who_has_just_lost_a_partition_is_given_nothing_of_it(
    redis: "Redis", prefix: str, broker: RedisBroker, streams: Streams
) -> None:
    await streams.create("desk", "$")
    await broker.publish(series(100, 1))
    await streams.share("desk", "late", 60_000, ())
    await redis.delete(*await redis.keys(f"{{{prefix}}}:holder:desk:*"), f"{{{prefix}}}:members:desk")
    await streams.share("desk", "next", 60_000, ())
    assert await streams.read("desk", "late", dict.fromkeys(EVERYTHING, True), 1_000) == {}
    await streams.release("desk", "late", EVERYTHING)  # nor can it give away what is another's
    found = await streams.read("desk", "next", dict.fromkeys(EVERYTHING, False), 1_000)
    assert sum(len(its.entries or ()) for its in found.values()) == 100


@pytest.mark.parametrize("members", [1, 3, 5, 32, 40])
async def test_partitions_are_shared_evenly(streams: Streams, members: int) -> None:
    names = [f"process-{number:02}" for number in range(members)]
    for name in names:
        await streams.share("desk", name, 60_000, ())
    for name in names:  # each gives up what is too much, as a subscription does
        share = await streams.share("desk", name, 60_000, ())
        await streams.release("desk", name, [*share.kept, *share.taken][share.size :])
    held = [len((await streams.share("desk", name, 60_000, ())).kept) for name in names for _ in range(2)][1::2]
    assert sum(held) == 32
    assert max(held) - min(held) <= 1


async def test_a_group_that_redis_has_lost_goes_on_with_what_is_published_since(
    redis: "Redis", prefix: str, broker: RedisBroker, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    await desk.open(broker)
    await publish(broker, series(20, 2))
    await desk.until_all(series(20, 2))
    await redis.delete(*[f"{{{prefix}}}:events:{number}" for number in EVERYTHING])
    later = series(20, 3, start=3)
    await publish(broker, later)
    await desk.until_all(later)
    assert desk.firsts() == in_order(series(20, 2) + later)
    assert any("has lost the group" in record.getMessage() for record in caplog.records)


async def test_a_redis_that_is_away_is_said_once_and_no_password_is_told(caplog: pytest.LogCaptureFixture) -> None:
    broker = RedisBroker.at("redis://shop:hunter2@127.0.0.1:1/0", "urn:shop")
    desk = Desk()
    with caplog.at_level(logging.WARNING):
        desk.join(broker)
        for _ in range(3):
            with pytest.raises(Unavailable) as refused:
                await broker.publish([message("order_1")])
            assert "hunter2" not in repr(refused.value) + str(refused.value)
        with pytest.raises(Unavailable):
            await broker.ping()
        await desk.stop("one")
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == len(set(said)) <= 2
    assert "hunter2" not in caplog.text
    await broker.close()
