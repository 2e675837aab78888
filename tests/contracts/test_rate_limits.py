"""The contract of rate limiters, held against memory and Redis, and what is each one's own."""

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from tradepost.kernel.rate_limits import RateLimiter, RateLimiterUnavailable
from tradepost_adapters.contracts.rate_limits import RateLimiterContract, ask, limit
from tradepost_adapters.memory.rate_limiter import MemoryRateLimiter
from tradepost_adapters.redis.rate_limiter import RedisRateLimiter


class TestMemory(RateLimiterContract):
    @pytest.fixture
    def limiter(self) -> RateLimiter:
        # Windows begin at a multiple of their length: from here on a minute is whole.
        begun = time.monotonic()
        return MemoryRateLimiter(now=lambda: time.monotonic() - begun)


class TestRedis(RateLimiterContract):
    @pytest.fixture
    def limiter(self, redis_limiter: RedisRateLimiter) -> RateLimiter:
        return redis_limiter


@pytest.fixture
async def redis(valkey_server: str) -> AsyncIterator["Redis"]:
    client = Redis.from_url(valkey_server)
    yield client
    await client.aclose()


@pytest.fixture
def prefix() -> str:
    return uuid.uuid4().hex


@pytest.fixture
async def redis_limiter(redis: "Redis", prefix: str) -> AsyncIterator[RedisRateLimiter]:
    limiter = RedisRateLimiter(redis, prefix=prefix)
    yield limiter
    await limiter.close()


async def test_memory_remembers_so_many_counters_and_forgets_the_least_recently_used() -> None:
    limiter = MemoryRateLimiter(size=2)
    for key, allowed in (("a", True), ("b", True), ("a", False), ("c", True), ("a", False), ("b", True)):
        assert (await ask(limiter, limit(1), key)).allowed is allowed, key


async def test_memory_counts_what_was_asked_in_the_window_before_by_how_much_of_it_is_still_in_sight() -> None:
    now = 600.0
    limiter = MemoryRateLimiter(now=lambda: now)
    for _ in range(10):
        assert (await ask(limiter, limit(10))).allowed
    now = 645.0
    assert (await ask(limiter, limit(10))).retry_after == 15.0
    now = 675.0  # a quarter into the next: three quarters of the ten are in sight
    assert (await ask(limiter, limit(10))).remaining == 2
    now = 780.0
    assert (await ask(limiter, limit(10))).remaining == 9


async def test_processes_that_share_redis_share_the_count(redis: "Redis", prefix: str) -> None:
    limiters = [RedisRateLimiter(redis, prefix=prefix) for _ in range(2)]
    for exact, pause in ((True, 0), (False, 0.01)):
        one, found = limit(10, name=f"exact-{exact}", exact=exact), []
        for n in range(14):
            found.append((await ask(limiters[n % 2], one)).allowed)
            await asyncio.sleep(pause)
        assert found == [True] * 10 + [False] * 4
    for limiter in limiters:
        await limiter.close()


async def test_many_hits_are_one_round_trip(redis_limiter: RedisRateLimiter, redis: "Redis") -> None:
    await ask(redis_limiter, limit(1000), "first")  # brings the scripts
    trips = 0
    send: Any = redis_limiter._ask_redis

    async def counted(*args: Any) -> Any:
        nonlocal trips
        trips += 1
        return await send(*args)

    redis_limiter._ask_redis = counted  # type: ignore[method-assign]
    await asyncio.gather(*[ask(redis_limiter, limit(1000), f"key-{n}") for n in range(50)])
    assert trips == 1


async def test_far_from_a_limit_nobody_waits_and_near_it_everybody_is_counted_first(
    redis_limiter: RedisRateLimiter,
) -> None:
    waited = []
    for _ in range(12):
        hit = asyncio.ensure_future(ask(redis_limiter, limit(10)))
        await asyncio.sleep(0)  # a task runs up to where it has to wait
        waited.append(not hit.done())
        await hit
        await asyncio.sleep(0.01)  # the count follows
    assert waited == [True] + [False] * 6 + [True] * 5


async def test_an_exact_limit_is_always_counted_first(redis_limiter: RedisRateLimiter) -> None:
    for _ in range(3):
        hit = asyncio.ensure_future(ask(redis_limiter, limit(1000, exact=True)))
        await asyncio.sleep(0)
        assert not hit.done()
        await hit


async def test_scripts_that_the_server_has_forgotten_are_sent_again(
    redis_limiter: RedisRateLimiter, redis: "Redis"
) -> None:
    exact = limit(5, exact=True)
    await ask(redis_limiter, exact)
    await redis.script_flush()
    assert (await ask(redis_limiter, exact)).remaining == 3


async def test_counters_are_gone_from_redis_after_two_windows(
    redis_limiter: RedisRateLimiter, redis: "Redis", prefix: str
) -> None:
    await ask(redis_limiter, limit(5, 1))
    assert len(await redis.keys(f"{prefix}*")) == 1
    await asyncio.sleep(2.1)
    assert await redis.keys(f"{prefix}*") == []


async def test_without_redis_it_says_so_at_once_and_in_the_log_one_time(caplog: pytest.LogCaptureFixture) -> None:
    limiter = RedisRateLimiter.at("redis://127.0.0.1:1/0")
    with caplog.at_level(logging.WARNING, "tradepost.rate_limits"):
        for _ in range(3):
            with pytest.raises(RateLimiterUnavailable):
                await ask(limiter, limit(5))
        found = await asyncio.gather(*[ask(limiter, limit(5)) for _ in range(5)], return_exceptions=True)
    assert [type(one) for one in found] == [RateLimiterUnavailable] * 5
    assert [record.message.split(" (")[0] for record in caplog.records] == ["The rate limiter is away"]
    await limiter.close()


async def test_redis_that_comes_back_is_used_again(
    redis: "Redis", prefix: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = Redis.from_url(f"unix://{tmp_path}/nobody")
    limiter = RedisRateLimiter(client, prefix=prefix, pause=0.05)
    with caplog.at_level(logging.WARNING, "tradepost.rate_limits"):
        with pytest.raises(RateLimiterUnavailable):
            await ask(limiter, limit(5))
        client.connection_pool = redis.connection_pool
        with pytest.raises(RateLimiterUnavailable):
            await ask(limiter, limit(5))
        await asyncio.sleep(0.06)
        assert (await ask(limiter, limit(5))).allowed
    assert len(caplog.records) == 2
    assert caplog.records[1].message == "The rate limiter is back."
