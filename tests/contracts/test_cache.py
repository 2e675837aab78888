"""The contract of caches, held against memory and Redis, and what is each one's own."""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tradepost.kernel.cache import Cache
from tradepost.kernel.transactions import Unavailable
from tradepost_adapters.contracts.cache import CacheContract, Source, Thing
from tradepost_adapters.memory.cache import MemoryCache
from tradepost_adapters.redis.cache import RedisCache


class TestMemory(CacheContract):
    @pytest.fixture
    def cache(self) -> Cache:
        return MemoryCache()


class TestRedis(CacheContract):
    @pytest.fixture
    def cache(self, redis_cache: RedisCache) -> Cache:
        return redis_cache


@pytest.fixture
async def redis(valkey_server: str) -> AsyncIterator["Redis"]:
    client = Redis.from_url(valkey_server)
    yield client
    await client.aclose()


@pytest.fixture
def prefix() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def redis_cache(redis: "Redis", prefix: str) -> RedisCache:
    return RedisCache(redis, prefix=prefix)


async def test_memory_holds_so_many_values_and_drops_the_least_recently_used() -> None:
    cache = MemoryCache(size=2)
    sources = {name: Source(Thing(id=name)) for name in "abc"}
    for name in "abacac":
        await sources[name].through(cache, Thing, name)
    assert {name: source.asked for name, source in sources.items()} == {"a": 1, "b": 1, "c": 1}
    await sources["b"].through(cache, Thing, "b")
    assert sources["b"].asked == 2


async def test_memory_goes_by_a_clock_that_is_never_set_back() -> None:
    now = 100.0
    cache = MemoryCache(monotonic=lambda: now)
    source = Source(Thing(id="1"))
    await source.through(cache, Thing, ttl=timedelta(seconds=10))
    now = 109.9
    await source.through(cache, Thing)
    assert source.asked == 1
    now = 110.0
    await source.through(cache, Thing)
    assert source.asked == 2


async def test_processes_that_share_redis_share_values_loads_and_invalidations(valkey_server: str, prefix: str) -> None:
    one, two = (RedisCache(Redis.from_url(valkey_server), prefix=prefix) for _ in range(2))
    source = Source(Thing(id="old"), slow=0.05)
    await asyncio.gather(*[source.through(cache, Thing) for cache in (one, two) for _ in range(10)])
    assert source.asked == 1
    source.value = Thing(id="new")
    await one.invalidate("a")
    assert (await source.through(two, Thing)).id == "new"
    assert (await source.through(one, Thing)).id == "new"
    assert source.asked == 2
    for cache in (one, two):
        await cache.close()


async def test_a_process_that_dies_while_loading_holds_up_the_others_no_longer_than_its_lock(
    redis: "Redis", prefix: str
) -> None:
    cache = RedisCache(redis, prefix=prefix, lock_seconds=0.1)
    stuck = asyncio.create_task(Source(Thing(id="never"), slow=60).through(cache, Thing))
    await asyncio.sleep(0.03)
    other = RedisCache(redis, prefix=prefix, lock_seconds=0.1)
    assert (await asyncio.wait_for(Source(Thing(id="1")).through(other, Thing), 1)).id == "1"
    stuck.cancel()


async def test_what_another_release_has_written_is_loaded_anew(redis: "Redis", redis_cache: RedisCache) -> None:
    class Older(Thing, frozen=True, kw_only=True):
        id: int  # type: ignore[assignment]

    await Source(Older(id=7)).through(redis_cache, Older)
    assert (await Source(Thing(id="7")).through(redis_cache, Thing)).id == "7"


async def test_a_lost_counter_makes_nothing_old_good_again(
    redis: "Redis", redis_cache: RedisCache, prefix: str
) -> None:
    source = Source(Thing(id="old"))
    await source.through(redis_cache, Thing)
    await redis.delete(f"{{{prefix}}}:epoch")
    source.value = Thing(id="new")
    await redis_cache.invalidate("a")
    assert (await source.through(redis_cache, Thing)).id == "new"


async def test_without_redis_everything_is_loaded_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    cache = RedisCache.at("redis://127.0.0.1:1/0")
    source = Source(Thing(id="1"))
    with caplog.at_level(logging.WARNING, "tradepost.cache"):
        assert [(await source.through(cache, Thing)).id for _ in range(3)] == ["1"] * 3
        many = await asyncio.gather(*[source.through(cache, Thing) for _ in range(5)])
    assert len(many) == 5
    assert [record.message.split(" (")[0] for record in caplog.records] == ["The cache is away"]
    with pytest.raises(Unavailable, match=r"cache\.unavailable"):
        await cache.invalidate("a")
    with pytest.raises(Unavailable):
        await cache.ping()
    await cache.close()


async def test_redis_that_comes_back_is_used_again(
    redis: "Redis", prefix: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = Redis.from_url(f"unix://{tmp_path}/nobody")
    cache = RedisCache(client, prefix=prefix, pause=0.05)
    source = Source(Thing(id="1"))
    with caplog.at_level(logging.WARNING, "tradepost.cache"):
        await source.through(cache, Thing)
        client.connection_pool = redis.connection_pool
        await source.through(cache, Thing)
        assert source.asked == 2, "it is left alone for a while"
        await asyncio.sleep(0.06)
        for _ in range(3):
            await source.through(cache, Thing)
    assert source.asked == 3
    assert [record.message.split(" (")[0] for record in caplog.records] == ["The cache is away", "The cache is back."]
