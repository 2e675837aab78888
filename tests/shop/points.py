"""Every place where a process can die, or something else can come between."""

from collections.abc import Awaitable, Callable
from typing import Any


class Killed(BaseException):
    """The process died here."""


class Points:
    """The await points of one step."""

    def __init__(self) -> None:
        self.dead = False
        self._left = 0
        self._then: Callable[[], Awaitable[None]] | None = None

    def arm(self, at: int, then: Callable[[], Awaitable[None]] | None) -> None:
        self.dead, self._left, self._then = False, at, then

    async def reached(self) -> None:
        if self.dead:  # nothing of this process goes on
            raise Killed
        self._left -= 1
        if self._left == 0:
            if self._then is None:
                self.dead = True
                raise Killed
            await self._then()

    def passed(self) -> None:
        """A point inside a transaction, where nothing else can come between: the process may die there."""
        if self.dead:
            raise Killed
        if self._then is None:
            self._left -= 1
            if self._left == 0:
                self.dead = True
                raise Killed


class Watched:
    """Something whose methods have an await point before and after."""

    def __init__(self, inner: Any, points: Points, *methods: str) -> None:
        self._inner, self._points, self._methods = inner, points, methods

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in self._methods:
            return found

        async def watched(*given: Any, **named: Any) -> Any:
            await self._points.reached()
            result = await found(*given, **named)
            await self._points.reached()
            return result

        return watched


class WatchedBackend:
    def __init__(self, inner: Any, points: Points) -> None:
        self._inner = inner
        self.transactions = Watched(inner.transactions, points, "run")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
