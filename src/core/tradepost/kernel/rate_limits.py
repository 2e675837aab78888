"""How often somebody may ask: limits, and the port that counts.

A window slides: what was asked in the window before counts less the longer it is past, so that nobody gets twice the
quota around the turn of a minute, and a counter costs two numbers however high the quota is.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from math import floor
from typing import NamedTuple, Protocol

import msgspec

from tradepost.kernel.transactions import Unavailable


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """So many (`quota`) in so long (`window`, whole seconds), under a name that callers are shown.

    An `exact` limit is decided by the common count each time. Any other may be decided by what was last heard of it
    while that leaves a good part of the quota, so that nobody waits for the count.
    """

    name: str
    quota: int
    window: timedelta
    exact: bool = False

    @property
    def seconds(self) -> int:
        return int(self.window.total_seconds())


class Hit(NamedTuple):
    """One request that counts against a limit, for whoever `key` names."""

    limit: Limit
    key: str


class Usage(NamedTuple):
    """How a limit stands after a hit. Times are seconds from now.

    `remaining` is how many more are possible now; `reset_after` when the whole quota is there again if nobody asks
    meanwhile; `retry_after` when one is possible again, 0 when this one was.
    """

    limit: Limit
    allowed: bool
    remaining: int
    reset_after: float
    retry_after: float


class RateLimiter(Protocol):
    """Counts hits against limits."""

    async def hit(self, hits: Sequence[Hit], /) -> Sequence[Usage]:
        """Count every hit against its limit, all of them at once, and say how each limit stands, in their order.

        A hit that is refused does not count, so who keeps asking too often is served again as soon as others would be.
        The hits are independent: one that is refused does not take back the others. Raises
        `rate_limiter.unavailable` when nobody can count at this moment.
        """
        ...


class RateLimiterUnavailable(Unavailable):
    """What counts does not answer."""

    def __init__(self) -> None:
        super().__init__("rate_limiter", "How often you have asked can not be counted at this moment; try again.")


class WithSpare:
    """`RateLimiter` that counts with `spare` while `limiter` is away: then each process counts for itself, which lets
    through more than agreed where there are several, and neither stops the shop nor lets anybody try uncounted.
    `on_spare` is told each time."""

    def __init__(self, limiter: RateLimiter, spare: RateLimiter, on_spare: Callable[[], object] = lambda: None) -> None:
        self._limiter = limiter
        self._spare = spare
        self._on_spare = on_spare

    async def hit(self, hits: Sequence[Hit], /) -> Sequence[Usage]:
        try:
            return await self._limiter.hit(hits)
        except RateLimiterUnavailable:
            self._on_spare()
            return await self._spare.hit(hits)


def usage(limit: Limit, *, allowed: bool, previous: int, current: int, left: float) -> Usage:
    """How a limit stands when the window before saw `previous`, and this one, which ends in `left` seconds, has seen
    `current`."""
    window, quota = limit.seconds, limit.quota
    remaining = quota - current - (floor(previous * left / window) if previous else 0)
    return Usage(
        limit,
        allowed,
        remaining if remaining > 0 else 0,
        left + window if current else left if previous else 0.0,
        0.0 if allowed else _retry_after(quota, window, previous, current, left),
    )


def _retry_after(quota: int, window: int, previous: int, current: int, left: float) -> float:
    """Seconds until one more fits: until so much of the window before has slid out of sight, or, where this one is full
    already, until that much of it has."""
    if current < quota:
        return max(0.0, left - (quota - current) * window / previous) if previous else 0.0
    return left + window - quota * window / current
