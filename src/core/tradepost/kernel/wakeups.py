"""Telling a loop that there may be work, so that it need not wait for its next look.

A hint and never a promise: hints get lost (a process dies, a connection drops), so whoever waits also looks by itself
every now and then.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from tradepost.kernel.transactions import Transactions

R = TypeVar("R")


class Topic(StrEnum):
    """What there may be."""

    MESSAGES = "messages"  # facts in the outbox
    JOBS = "jobs"  # jobs that may run at once
    EVENTS = "events"  # facts in the event log
    PARKED = "parked"  # messages parked for a consumer


class WakeUps(Protocol):
    """Hints from those who commit work to those who wait for it."""

    def signal(self, topic: Topic, /) -> None:
        """There may be work. Call it after the commit; it never waits and never fails."""
        ...

    async def wait(self, topic: Topic, seconds: float, /) -> None:
        """Return after a signal that nobody has waited for yet, at the next one, or when the time is up."""
        ...


class HasWakes(Protocol):
    @property
    def wakes(self) -> set[Topic]:
        """What the transaction puts in and others wait for; the outbox and the jobs note it."""
        ...


TxT = TypeVar("TxT", bound=HasWakes)


class WakingTransactions(Generic[TxT]):
    """`Transactions` that signal, after the commit, what was put in. Wrap those of any adapter."""

    def __init__(self, transactions: Transactions[TxT], wakeups: WakeUps) -> None:
        self._transactions = transactions
        self._wakeups = wakeups

    async def run(self, work: Callable[[TxT], Coroutine[Any, Any, R]], /) -> R:
        """See `tradepost.kernel.transactions.Transactions.run`."""
        topics: set[Topic] = set()

        async def noted(tx: TxT) -> R:
            topics.clear()
            result = await work(tx)
            topics.update(tx.wakes)
            return result

        try:
            return await self._transactions.run(noted)
        finally:
            # Also when the caller was cancelled or lost the connection: it may have been committed, and a hint is cheap.
            for topic in topics:
                self._wakeups.signal(topic)


class LocalWakeUps:
    """`WakeUps` within one process, across its threads and event loops."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: set[Topic] = set()
        self._waiting: dict[Topic, list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]]] = {}

    def signal(self, topic: Topic, /) -> None:
        with self._lock:
            waiting = self._waiting.pop(topic, [])
            if not waiting:
                self._pending.add(topic)
        for loop, future in waiting:
            with suppress(RuntimeError):  # that loop has closed, and nobody waits there any more
                loop.call_soon_threadsafe(_settle, future)

    async def wait(self, topic: Topic, seconds: float, /) -> None:
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


async def wait_or_stop(wakeups: WakeUps, topic: Topic, seconds: float, stop: asyncio.Event) -> None:
    """Wait as `WakeUps.wait` does, but no longer than until `stop` is set."""
    if stop.is_set():
        return
    waits = {asyncio.ensure_future(wakeups.wait(topic, seconds)), asyncio.ensure_future(stop.wait())}
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waits:
            task.cancel()


def _settle(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
