"""Counting within one process."""

import time
from collections.abc import Callable, Sequence
from math import floor

from tradepost.kernel.rate_limits import Hit, Usage, usage

_NEVER = (-1, 0, 0)


class MemoryRateLimiter:
    """`RateLimiter` for one process: with several of them, each counts for itself.

    Counts the same sliding windows as the limiter in Redis. Remembers at most `size` counters, the least recently used
    are forgotten first, so that no flood of addresses fills the memory; a hit costs the same however many there are.
    """

    def __init__(self, size: int = 50_000, now: Callable[[], float] = time.monotonic) -> None:
        self._size = size
        self._now = now
        # By limit and key: the number of the window last asked in, what it has seen, what the one before saw.
        self._counters: dict[tuple[str, int, int, str], tuple[int, int, int]] = {}

    async def hit(self, hits: Sequence[Hit], /) -> Sequence[Usage]:
        now = self._now()
        return [self._count(hit, now) for hit in hits]

    async def close(self) -> None:
        """Forget everything."""
        self._counters.clear()

    def _count(self, hit: Hit, now: float) -> Usage:
        limit, key = hit
        window, quota = limit.seconds, limit.quota
        number = int(now // window)
        left = (number + 1) * window - now
        place = (limit.name, quota, window, key)
        last, current, previous = self._counters.pop(place, _NEVER)
        if last != number:
            previous, current = (current if last == number - 1 else 0), 0
        allowed = current + (floor(previous * left / window) if previous else 0) < quota
        if allowed:
            current += 1
        self._counters[place] = (number, current, previous)  # at the end: the least recently used come first
        if len(self._counters) > self._size:
            del self._counters[next(iter(self._counters))]
        return usage(limit, allowed=allowed, previous=previous, current=current, left=left)
