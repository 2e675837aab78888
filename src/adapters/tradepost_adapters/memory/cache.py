"""A cache in this process's memory: the values themselves, the least recently used one leaves first."""

import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar

from tradepost.kernel.cache import MAX_TTL
from tradepost.kernel.single_flight import SingleFlight

T = TypeVar("T")


class _Entry(NamedTuple):
    value: Any
    tags: frozenset[str]
    until: float


class MemoryCache:
    """`Cache` for one process, at most `size` values. Other processes do not learn what is invalidated here: with
    several of them, a value may be as old as its time to live."""

    def __init__(self, size: int = 10_000, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._size = size
        self._monotonic = monotonic
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._tagged: dict[str, set[str]] = {}
        self._epoch = 0  # how often something was invalidated
        self._flights = SingleFlight()
        self._lock = threading.Lock()

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
        with self._lock:
            epoch = self._epoch
            entry = self._entries.get(key)
            if entry is not None:
                if self._monotonic() < entry.until:
                    self._entries.move_to_end(key)
                    value: T = entry.value
                    return value
                self._drop(key)

        async def fill() -> T:
            loaded = await load()
            self._keep(key, _Entry(loaded, frozenset(tags(loaded)), self._until(ttl)), epoch)
            return loaded

        return await self._flights.run((key, epoch), fill)

    async def invalidate(self, *tags: str) -> None:
        with self._lock:
            self._epoch += 1
            for tag in tags:
                for key in tuple(self._tagged.get(tag, ())):
                    self._drop(key)

    async def ping(self) -> None:
        """It is always there."""

    async def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._epoch += 1
            self._entries.clear()
            self._tagged.clear()

    def _until(self, ttl: timedelta) -> float:
        return self._monotonic() + min(ttl, MAX_TTL).total_seconds()

    def _keep(self, key: str, entry: _Entry, epoch: int) -> None:
        with self._lock:
            # Whatever was invalidated since may have been this: then it is loaded once more by who asks next.
            if epoch != self._epoch:
                return
            if key in self._entries:
                self._drop(key)
            self._entries[key] = entry
            for tag in entry.tags:
                self._tagged.setdefault(tag, set()).add(key)
            while len(self._entries) > self._size:
                self._drop(next(iter(self._entries)))

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key)
        for tag in entry.tags:
            keys = self._tagged[tag]
            keys.discard(key)
            if not keys:
                del self._tagged[tag]
