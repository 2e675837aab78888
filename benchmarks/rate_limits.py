"""What counting callers costs a request: processor time, and round trips somebody waits for.

python -m benchmarks.rate_limits
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from time import perf_counter, process_time
from typing import Any

import uvloop
from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.asyncio import Redis
from tests.servers import private_valkey

from tradepost.kernel.access import GUEST, Actor
from tradepost.kernel.rate_limits import Hit, Limit, RateLimiter
from tradepost_adapters.memory.rate_limiter import MemoryRateLimiter
from tradepost_adapters.redis.rate_limiter import RedisRateLimiter
from tradepost_entrypoints.http.app import create_app
from tradepost_entrypoints.http.edge import Edge
from tradepost_entrypoints.http.endpoint import endpoint
from tradepost_entrypoints.http.envelope import Nothing
from tradepost_entrypoints.http.guard import RateLimits
from tradepost_entrypoints.http.health import Check
from tradepost_entrypoints.http.proxies import Proxies

MANY, ROUNDS = 50_000, 5


def limit(name: str, *, exact: bool = False) -> Limit:
    return Limit(name=name, quota=10**8, window=timedelta(minutes=1), exact=exact)


ORDINARY, STRICT = limit("user"), limit("credentials", exact=True)


@dataclass
class Cost:
    """Of one request, in microseconds: of the processor, and until it is over."""

    processor: float
    clock: float

    def __str__(self) -> str:
        return f"{self.processor:8.1f} µs of the processor {self.clock:8.1f} µs until it is over"


async def cost(ask: Callable[[], Awaitable[Any]], times: int, *, at_once: int = 1, rounds: int = ROUNDS) -> Cost:
    """The median of rounds of `times` requests, so many at once."""
    processor, clock = [], []
    for _ in range(rounds):
        begun, used = perf_counter(), process_time()
        for _ in range(times // at_once):
            if at_once == 1:
                await ask()
            else:
                await asyncio.gather(*[ask() for _ in range(at_once)])
        await asyncio.sleep(0)
        processor.append((process_time() - used) / times * 1e6)
        clock.append((perf_counter() - begun) / times * 1e6)
    return Cost(median(processor), median(clock))


def show(what: str, found: object) -> None:
    print(f"  {what:<66} {found}")


async def in_memory() -> None:
    print("In memory")
    limiter = MemoryRateLimiter()
    one, two = [Hit(ORDINARY, "user_1")], [Hit(ORDINARY, "user_1"), Hit(STRICT, "203.0.113.7")]
    show("one limit", await cost(lambda: limiter.hit(one), 20_000))
    show("two limits, as sign-in has", await cost(lambda: limiter.hit(two), 20_000))
    for number in range(MANY):
        await limiter.hit([Hit(ORDINARY, f"caller {number}")])
    show(f"one limit, {MANY} callers known", await cost(lambda: limiter.hit(one), 20_000))

    storage = MemoryStorage()
    theirs = SlidingWindowCounterRateLimiter(storage)
    item = RateLimitItemPerSecond(ORDINARY.quota, 60)
    for number in range(MANY):
        await storage.incr(f"caller {number}", 3600)

    async def ask() -> None:
        await theirs.hit(item, "user_1")
        await theirs.get_window_stats(item, "user_1")
        await asyncio.sleep(0)  # it looks through all it knows in a task of its own, after each hit

    show(f"the same with the memory storage of limits, {MANY} callers known", await cost(ask, 50, rounds=3))


class Counted:
    """A limiter in Redis whose round trips are counted."""

    def __init__(self, redis: "Redis") -> None:
        self.limiter = RedisRateLimiter(redis, prefix="bench")
        self.trips = 0
        send = self.limiter._ask_redis

        async def counted(*args: Any) -> Any:
            self.trips += 1
            return await send(*args)

        self.limiter._ask_redis = counted  # type: ignore[method-assign]

    async def measure(self, what: str, limiter: RateLimiter, hits: Sequence[Hit], **options: Any) -> None:
        await limiter.hit(hits)
        await asyncio.sleep(0.05)
        self.trips = 0
        times, waits = 2000, 0

        async def ask() -> None:
            nonlocal waits
            trips = self.trips
            await limiter.hit(hits)
            waits += self.trips > trips
            await asyncio.sleep(0)  # as a request does that reads from its socket

        found = await cost(ask, times, **options)
        await asyncio.sleep(0.05)
        show(what, f"{found} {self.trips / times / ROUNDS:6.3f} round trips, {waits / times / ROUNDS:5.3f} waited for")


async def in_redis(url: str) -> None:
    print("In Redis (Valkey on a Unix socket of this machine, which takes a share of its own)")
    redis = Redis.from_url(url)
    counted = Counted(redis)
    ordinary, strict = [Hit(ORDINARY, "user_1")], [Hit(ORDINARY, "user_1"), Hit(STRICT, "203.0.113.7")]
    await counted.measure("far from the limit: nobody waits", counted.limiter, ordinary)
    await counted.measure("far from the limit, 32 requests at once", counted.limiter, ordinary, at_once=32)
    await counted.measure("sign-in: counted first", counted.limiter, strict)
    await counted.measure("sign-in, 32 requests at once", counted.limiter, strict, at_once=32)
    await counted.limiter.close()


@endpoint("GET", "/nothing", tag="Bench", status=204)
async def nothing() -> Nothing:
    """Do nothing."""
    return Nothing()


class Services:
    """An application without a shop behind it."""

    def part(self, name: str, /) -> object:
        raise KeyError(name)

    def running(self) -> AbstractAsyncContextManager[None]:
        return nullcontext()

    def checks(self) -> Sequence[Check]:
        return ()

    async def authenticate(self, *_: Any) -> Actor:
        return GUEST


async def over_http() -> None:
    print("A whole request that does nothing, without a network")
    scope: Mapping[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/api/v1/nothing",
        "raw_path": b"/api/v1/nothing",
        "query_string": b"",
        "headers": [(b"host", b"shop.test"), (b"user-agent", b"bench"), (b"x-forwarded-for", b"203.0.113.7")],
        "client": ("10.0.0.1", 1),
        "server": ("shop.test", 80),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: Any) -> None:
        pass

    limits = RateLimits(address=limit("address"))
    for what, edge in (
        ("nothing at the edge", Edge()),
        ("rate limits in memory", Edge(limits=limits, limiter=MemoryRateLimiter())),
        (
            "and a proxy to be believed",
            Edge(limits=limits, limiter=MemoryRateLimiter(), proxies=Proxies(["10.0.0.0/8"])),
        ),
    ):
        app: Any = create_app(Services(), endpoints=[nothing], edge=edge)
        show(what, await cost(lambda app=app: app({**scope}, receive, send), 3000, rounds=9))


async def main() -> None:
    await in_memory()
    with private_valkey() as url:
        await in_redis(url)
    await over_http()


if __name__ == "__main__":
    uvloop.run(main())
