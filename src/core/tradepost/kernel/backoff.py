"""How long to wait before trying again."""

from collections.abc import Callable
from datetime import timedelta

import msgspec


class Backoff(msgspec.Struct, frozen=True, kw_only=True):
    """Doubling pauses up to a ceiling, with jitter, so that what failed together does not come back together.

    The pause after the n-th failure is `first * 2**(n-1)`, at most `ceiling`, of which up to the part `jitter` (0 to 1)
    is taken off at random.
    """

    first: timedelta = timedelta(seconds=1)
    ceiling: timedelta = timedelta(minutes=10)
    jitter: float = 0.25

    def pause(self, failures: int, random: Callable[[], float]) -> timedelta:
        """The pause after so many failures (from 1). `random()` is at least 0 and less than 1."""
        # Beyond 2**40 the ceiling has long been reached, and a timedelta overflows.
        doubled: timedelta = self.first * (1 << min(max(failures, 1) - 1, 40))
        whole = min(doubled, self.ceiling)
        return whole * (1 - self.jitter * random())
