"""Telling a loop that there may be work, so that it need not wait for its next look.

A hint and never a promise: hints get lost (a process dies, a connection drops), so whoever waits also looks by itself
every now and then.
"""

import asyncio
import threading
from contextlib import suppress
from typing import Protocol

MESSAGES = "messages"
"""The topic for facts put into the outbox."""

JOBS = "jobs"
"""The topic for jobs that may run at once."""


class WakeUps(Protocol):
    """Hints from those who commit work to those who wait for it."""

    def signal(self, topic: str, /) -> None:
        """There may be work. Call it after the commit, from any thread; it never waits and never fails."""
        ...

    async def wait(self, topic: str, seconds: float, /) -> None:
        """Return after a signal given since the last `wait` of anyone on this topic, or when the time is up."""
        ...


class LocalWakeUps:
    """`WakeUps` within one process, across its threads and event loops."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: set[str] = set()
        self._waiting: dict[str, list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]]] = {}

    def signal(self, topic: str, /) -> None:
        with self._lock:
            waiting = self._waiting.pop(topic, [])
            if not waiting:
                self._pending.add(topic)
        for loop, future in waiting:
            with suppress(RuntimeError):  # that loop has closed, and nobody waits there any more
                loop.call_soon_threadsafe(_settle, future)

    async def wait(self, topic: str, seconds: float, /) -> None:
        loop = asyncio.get_running_loop()
        with self._lock:
            if topic in self._pending:
                self._pending.discard(topic)
                return
            future: asyncio.Future[None] = loop.create_future()
            entry = (loop, future)
            self._waiting.setdefault(topic, []).append(entry)
        try:
            await asyncio.wait((future,), timeout=seconds)
        finally:
            with self._lock:
                waiting = self._waiting.get(topic, [])
                if entry in waiting:
                    waiting.remove(entry)


def _settle(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
