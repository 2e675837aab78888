"""Counting in Redis (or Valkey), shared by every process of the shop, in the sliding windows of the `limits` library.

`limits` asks Redis twice a hit and limit: once to count, once for what is left. Here its two scripts are one, sent for all
hits of all requests that are waiting, in one pipeline. And who is far from a limit that is not `exact` does not wait: what
Redis said last decides, and the count follows behind. That lets through, at most, what is asked in the time of one
answer; the next answer is known before most next questions.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple

from limits import RateLimitItemPerSecond
from limits.aio.storage.redis import RedisStorage
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from tradepost.kernel.rate_limits import Hit, Limit, RateLimiterUnavailable, Usage, usage

_log = logging.getLogger("tradepost.rate_limits")
_AWAY = (RedisError, OSError, asyncio.TimeoutError)
_FAR = 0.2
"""Who has more than this part of the quota left is far from the limit."""


class _Counter(NamedTuple):
    """Where a hit is counted: the keys of both windows, and what the script wants to know."""

    previous: str
    current: str
    quota: int
    window: int


class _Answer(NamedTuple):
    allowed: bool
    previous: int
    current: int
    left: float

    def usage(self, limit: Limit) -> Usage:
        return usage(limit, allowed=self.allowed, previous=self.previous, current=self.current, left=self.left)


# The two scripts of `limits`, as one: count a hit (KEYS: both windows; ARGV: quota, window, 1), then say how both stand.
_HIT = """
local function acquire()
{acquire}
end
local function look(ARGV)
{look}
end
local allowed = acquire()
local both = look({{ARGV[2]}})
return {{allowed and 1 or 0, both[1], both[2], both[3], both[4]}}
"""


class _Windows(RedisStorage):
    """The storage of `limits`, asked many things in one round trip."""

    def counter(self, limit: Limit, key: str) -> _Counter:
        item = RateLimitItemPerSecond(limit.quota, limit.seconds, namespace=limit.name)
        place = item.key_for(key)
        previous, current = self._previous_window_key(place), self._current_window_key(place)
        prefixed = self.bridge.prefixed_key
        return _Counter(prefixed(previous), prefixed(current), limit.quota, limit.seconds)

    def script(self, client: Any) -> Any:
        acquire, look = self.bridge.SCRIPT_ACQUIRE_SLIDING_WINDOW, self.bridge.SCRIPT_SLIDING_WINDOW
        return client.register_script(_HIT.format(acquire=acquire.decode(), look=look.decode()))


def _answer(counter: _Counter, said: Sequence[Any]) -> _Answer:
    """What the script says: whether it was allowed, and both counts, each with its time to live in milliseconds. The
    present window's counter lives twice as long as the window."""
    allowed, previous, previous_ttl, current, current_ttl = (int(number or 0) for number in said)
    left = current_ttl / 1000 - counter.window if current_ttl > 0 else max(0, previous_ttl) / 1000
    return _Answer(bool(allowed), previous, current, max(0.0, left))


class _Known:
    """What Redis said last of a counter, and how many hits it has not yet heard of."""

    __slots__ = ("on_their_way", "said", "until")

    def __init__(self) -> None:
        self.said: Usage | None = None
        self.until = 0.0
        self.on_their_way = 0


class _Waiting(NamedTuple):
    counter: _Counter
    limit: Limit
    known: _Known
    answer: "asyncio.Future[Usage] | None"


class RedisRateLimiter:
    """`RateLimiter` in Redis. While Redis is away it raises at once, asks again every `pause` seconds, and the log says
    so once. Remembers what was said of `size` counters. Keys hold what callers are told apart by, for two windows."""

    def __init__(
        self, redis: "Redis", *, prefix: str = "tradepost:limits", pause: float = 1.0, size: int = 10_000
    ) -> None:
        self._redis: Any = redis
        pool: Any = redis.connection_pool  # typed as text by `limits`, which hands it on
        self._windows = _Windows("async+redis://", implementation="redispy", key_prefix=prefix, connection_pool=pool)
        self._script = self._windows.script(redis)
        self._pause = pause
        self._size = size
        self._ask_again = 0.0
        self._away = False
        self._known: OrderedDict[_Counter, _Known] = OrderedDict()
        self._waiting: list[_Waiting] = []
        self._sending: asyncio.Task[None] | None = None

    @classmethod
    def at(cls, url: str, *, timeout: float = 0.25) -> "RedisRateLimiter":
        """The limiter at a URL (`redis://`, `rediss://`, `unix://`). Nothing is connected before the first hit."""
        retry = Retry(NoBackoff(), 1)  # once, for a connection that died in the pool
        return cls(Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=retry))

    async def close(self) -> None:
        if self._sending is not None:
            await self._sending
        await self._redis.aclose()

    async def hit(self, hits: Sequence[Hit], /) -> Sequence[Usage]:
        if time.monotonic() < self._ask_again:
            raise RateLimiterUnavailable
        found = [self._ask(hit) for hit in hits]
        if self._sending is None:
            self._sending = asyncio.create_task(self._send())
        return [one if isinstance(one, Usage) else await one for one in found]

    def _ask(self, hit: Hit) -> "Usage | asyncio.Future[Usage]":
        """How the limit stands, when what is known says enough; else a promise."""
        limit = hit.limit
        counter = self._windows.counter(limit, hit.key)
        known = self._known.get(counter)
        if known is None:
            known = self._known[counter] = _Known()
            if len(self._known) > self._size:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(counter)
        guess = None if limit.exact else _guess(known, limit)
        answer = asyncio.get_running_loop().create_future() if guess is None else None
        known.on_their_way += 1
        self._waiting.append(_Waiting(counter, limit, known, answer))
        return guess or answer  # type: ignore[return-value]  # one of them is there

    async def _send(self) -> None:
        """Send what is waiting until nothing is."""
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                try:
                    answers = await self._acquire([one.counter for one in batch])
                except _AWAY as error:
                    self._went_away(error, batch)
                else:
                    self._is_back()
                    _tell(batch, answers)
        finally:
            self._sending = None

    async def _acquire(self, counters: Sequence[_Counter]) -> list[_Answer]:
        """Count one hit each. Two round trips more when the server has not seen the script yet, or has forgotten it."""
        found = await self._ask_redis(counters)
        if any(isinstance(one, NoScriptError) for one in found):  # then it is so of all
            await self._redis.script_load(self._script.script)
            found = await self._ask_redis(counters)
        for one in found:
            if isinstance(one, Exception):
                raise one
        return [_answer(counter, said) for counter, said in zip(counters, found, strict=True)]

    async def _ask_redis(self, counters: Sequence[_Counter]) -> list[Any]:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for previous, current, quota, window in counters:
                pipeline.evalsha(self._script.sha, 2, previous, current, quota, window, 1)
            found: list[Any] = await pipeline.execute(raise_on_error=False)
            return found

    def _went_away(self, error: BaseException, batch: Sequence[_Waiting]) -> None:
        self._ask_again = time.monotonic() + self._pause
        self._known.clear()
        for one in batch:
            if one.answer is not None and not one.answer.done():
                one.answer.set_exception(RateLimiterUnavailable())
        if not self._away:
            self._away = True
            _log.warning(
                "The rate limiter is away (%s): each process counts for itself until it is back.",
                type(error).__name__,
            )

    def _is_back(self) -> None:
        self._ask_again = 0.0
        if self._away:
            self._away = False
            _log.warning("The rate limiter is back.")


def _guess(known: _Known, limit: Limit) -> Usage | None:
    """How the limit stands after one more hit, when what was said last leaves no doubt that it is allowed."""
    said = known.said
    if said is None or time.monotonic() >= known.until:
        return None
    remaining = said.remaining - known.on_their_way - 1
    if not said.allowed or remaining <= limit.quota * _FAR:
        return None
    return said._replace(remaining=remaining)


def _tell(batch: Sequence[_Waiting], answers: Sequence[_Answer]) -> None:
    now = time.monotonic()
    for one, answer in zip(batch, answers, strict=True):
        said = answer.usage(one.limit)
        one.known.said = said
        one.known.until = now + one.limit.seconds
        one.known.on_their_way -= 1
        if one.answer is not None and not one.answer.done():
            one.answer.set_result(said)
