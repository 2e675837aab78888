"""A cache in Redis (or Valkey), shared by every process of the shop.

A counter, the epoch, grows with every invalidation. A tag remembers the epoch it was last invalidated at, a value the
epoch at which its loading began; a value is good while none of its tags has been invalidated since. So invalidating
costs one write a tag however many values carry it, nothing has to be listed or deleted, and a value that was being
loaded meanwhile is never taken for good. Tags are forgotten after `MAX_TTL`, when no value can be older.

All keys share one hash tag, so a cluster keeps them together. Under an eviction policy that drops a tag before the
values that carry it, a value may be as old as its time to live.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Any, TypeVar, cast

import msgspec
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from tradepost.kernel.cache import MAX_TTL
from tradepost.kernel.single_flight import SingleFlight
from tradepost.kernel.transactions import Unavailable

T = TypeVar("T")

_log = logging.getLogger("tradepost.cache")
_AWAY = (RedisError, OSError, asyncio.TimeoutError)
_MISSING: Any = object()

# The epoch starts at the time, so that one that was lost (a restart, an eviction) goes on beyond every earlier one.
_EPOCH = """
local epoch = redis.call('GET', KEYS[1])
if not epoch then
  local now = redis.call('TIME')
  epoch = string.format('%.0f', now[1] * 1000000 + now[2])
  redis.call('SET', KEYS[1], epoch)
end
"""
# KEYS: the epoch, the value. ARGV: what tags begin with. Gives the epoch, and the value where it is good.
_FETCH = (
    _EPOCH
    + """
local entry = redis.call('HMGET', KEYS[2], 'epoch', 'tags', 'value')
if not entry[1] then return {epoch, false} end
for tag in string.gmatch(entry[2], '[^\\n]+') do
  local at = redis.call('GET', ARGV[1] .. tag)
  if at and tonumber(at) > tonumber(entry[1]) then return {epoch, false} end
end
return {epoch, entry[3]}
"""
)
# KEYS: the epoch, the tags. ARGV: for how many milliseconds to remember.
_INVALIDATE = (
    _EPOCH
    + """
epoch = string.format('%.0f', redis.call('INCR', KEYS[1]))
for place = 2, #KEYS do redis.call('SET', KEYS[place], epoch, 'PX', ARGV[1]) end
return epoch
"""
)
# Only who took the lock gives it back: it may have run out meanwhile and be somebody else's.
_UNLOCK = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end return 0"


class RedisCache:
    """`Cache` in Redis. When Redis is away every fetch loads, Redis is left alone for `pause` seconds at a time, and
    the log says so once."""

    def __init__(
        self, redis: "Redis", *, prefix: str = "tradepost", lock_seconds: float = 2.0, pause: float = 1.0
    ) -> None:
        self._redis: Any = redis
        self._prefix = f"{{{prefix}}}:"
        self._lock_seconds = lock_seconds
        self._pause = pause
        self._flights = SingleFlight()
        self._away = False
        self._ask_again = 0.0
        self._fetch = redis.register_script(_FETCH)
        self._invalidate = redis.register_script(_INVALIDATE)
        self._unlock = redis.register_script(_UNLOCK)

    @classmethod
    def at(cls, url: str, *, timeout: float = 0.25) -> "RedisCache":
        """The cache at a URL (`redis://`, `rediss://`, `unix://`). Nothing is connected before the first fetch."""
        retry = Retry(
            NoBackoff(), 1
        )  # once, for a connection that died in the pool; the default would wait for seconds
        return cls(Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=retry))

    async def close(self) -> None:
        await self._redis.aclose()

    async def ping(self) -> None:
        """Raises `cache.unavailable` when Redis does not answer."""
        try:
            await self._redis.ping()
        except _AWAY as error:
            raise _unavailable() from error

    async def fetch(
        self,
        key: str,
        kind: type[T],
        load: Callable[[], Awaitable[T]],
        /,
        *,
        tags: Callable[[T], Iterable[str]],
        ttl: timedelta,
    ) -> T:
        found = await self._look(key, kind)
        if found is None:
            return await self._flights.run((key, None), load)
        epoch, value = found
        if value is not _MISSING:
            return cast(T, value)

        async def fill() -> T:
            return await self._fill(key, kind, load, tags, ttl, epoch)

        return await self._flights.run((key, epoch), fill)

    async def invalidate(self, *tags: str) -> None:
        keys = [f"{self._prefix}epoch", *(f"{self._prefix}tag:{tag}" for tag in tags)]
        try:
            await self._invalidate(keys=keys, args=[_milliseconds(MAX_TTL)])
        except _AWAY as error:
            self._went_away(error)
            raise _unavailable() from error
        self._is_back()

    async def _look(self, key: str, kind: type[T]) -> tuple[int, Any] | None:
        """The epoch, and the value or `_MISSING`; None while Redis is away."""
        if time.monotonic() < self._ask_again:
            return None
        try:
            epoch, raw = await self._fetch(
                keys=[f"{self._prefix}epoch", f"{self._prefix}value:{key}"], args=[f"{self._prefix}tag:"]
            )
        except _AWAY as error:
            self._went_away(error)
            return None
        self._is_back()
        if raw is None:
            return int(epoch), _MISSING
        try:
            return int(epoch), msgspec.json.decode(raw, type=kind)
        except msgspec.MsgspecError:  # another release wrote it
            return int(epoch), _MISSING

    async def _fill(
        self,
        key: str,
        kind: type[T],
        load: Callable[[], Awaitable[T]],
        tags: Callable[[T], Iterable[str]],
        ttl: timedelta,
        epoch: int,
    ) -> T:
        lock, token = f"{self._prefix}lock:{epoch}:{key}", secrets.token_hex(8)
        if not await self._take(lock, token):
            found = await self._await_other(lock, key, kind)
            if found is not _MISSING:
                return cast(T, found)
        try:
            value = await load()
            await self._keep(key, value, tuple(tags(value)), ttl, epoch)
        finally:
            await self._give_back(lock, token)
        return value

    async def _take(self, lock: str, token: str) -> bool:
        """Whether loading is ours to do; it is when Redis does not say."""
        try:
            return bool(await self._redis.set(lock, token, nx=True, px=int(self._lock_seconds * 1000)))
        except _AWAY as error:
            self._went_away(error)
            return True

    async def _await_other(self, lock: str, key: str, kind: type[T]) -> Any:
        """What the process that holds the lock has loaded; `_MISSING` when it failed, or is too slow to wait for."""
        deadline = time.monotonic() + self._lock_seconds
        pause = 0.005
        while time.monotonic() < deadline:
            await asyncio.sleep(pause)
            pause = min(2 * pause, 0.05)
            found = await self._look(key, kind)
            if found is None:
                return _MISSING
            if found[1] is not _MISSING:
                return found[1]
            try:
                if not await self._redis.exists(lock):
                    return _MISSING
            except _AWAY as error:
                self._went_away(error)
                return _MISSING
        return _MISSING

    async def _keep(self, key: str, value: Any, tags: tuple[str, ...], ttl: timedelta, epoch: int) -> None:
        place = f"{self._prefix}value:{key}"
        entry = {"epoch": epoch, "tags": "\n".join(tags), "value": msgspec.json.encode(value)}
        try:
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.hset(place, mapping=entry)
                pipeline.pexpire(place, _milliseconds(min(ttl, MAX_TTL)))
                await pipeline.execute()
        except _AWAY as error:
            self._went_away(error)

    async def _give_back(self, lock: str, token: str) -> None:
        try:
            await self._unlock(keys=[lock], args=[token])
        except _AWAY as error:
            self._went_away(error)

    def _went_away(self, error: BaseException) -> None:
        self._ask_again = time.monotonic() + self._pause
        if not self._away:
            self._away = True
            _log.warning("The cache is away (%s): reading without it until it is back.", type(error).__name__)

    def _is_back(self) -> None:
        self._ask_again = 0.0
        if self._away:
            self._away = False
            _log.warning("The cache is back.")


def _unavailable() -> Unavailable:
    return Unavailable("cache", "The cache does not answer, so what it keeps could not be forgotten.")


def _milliseconds(length: timedelta) -> int:
    return max(1, length // timedelta(milliseconds=1))
