"""A circuit breaker: while Stripe fails every time, nobody has to wait for it to fail once more."""

import time
from collections.abc import Callable


class CircuitBreaker:
    """Opens after `failures` in a row, for `rest_seconds`; then one call is let through to see, and the next ones only
    if that went well. One event loop."""

    def __init__(
        self, *, failures: int = 5, rest_seconds: float = 15.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = failures
        self._rest = rest_seconds
        self._monotonic = monotonic
        self._failures = 0
        self._closed_from = 0.0

    def admits(self) -> bool:
        """Whether to call now. While it is open, one caller in each period of rest is the one who tries."""
        if self._failures < self._most:
            return True
        now = self._monotonic()
        if now < self._closed_from:
            return False
        self._closed_from = now + self._rest
        return True

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        if self._failures >= self._most:
            self._closed_from = self._monotonic() + self._rest
