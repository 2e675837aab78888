"""Which job is done by what."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import msgspec


class GiveUp(Exception):
    """Raised by a handler: trying again would not help, so the job is dead at once. The message says why."""


class JobHandler(msgspec.Struct, frozen=True):
    """Does the jobs of one kind. It may run twice for one job (a worker can die before it says it is done), so what it
    does must bear that; it is stopped after `time_limit`."""

    run: Callable[[dict[str, Any]], Awaitable[object]]
    time_limit: timedelta


class JobHandlers:
    """The kinds this process does. A worker takes no others, so releases with different kinds can run side by side."""

    def __init__(self) -> None:
        self._handlers: dict[str, JobHandler] = {}

    def add(
        self,
        kind: str,
        handler: Callable[[dict[str, Any]], Awaitable[object]],
        *,
        time_limit: timedelta = timedelta(minutes=15),
    ) -> None:
        """`handler(payload)` does jobs of this kind. Raises ValueError when there is one already."""
        if kind in self._handlers:
            raise ValueError(f"Jobs of kind {kind!r} have a handler already.")
        self._handlers[kind] = JobHandler(handler, time_limit)

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(self._handlers)

    def of(self, kind: str) -> JobHandler:
        return self._handlers[kind]
