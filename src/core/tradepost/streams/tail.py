"""The end of the event log, read once for all who follow it in this process."""

import asyncio
import contextvars
import logging
from collections.abc import Iterator, Sequence
from typing import Protocol
from weakref import WeakSet

from tradepost.kernel.wakeups import Topic, WakeUps
from tradepost.messaging.log import EventLog, LoggedEvent
from tradepost.streams.order_owners import OrderOwners
from tradepost.streams.view import Owners

PAGE = 200
"""Events a read."""

_log = logging.getLogger(__name__)


class Follower(Protocol):
    """Is told of what is new."""

    @property
    def needs_owners(self) -> bool:
        """Whether it wants to know whose orders events are about."""
        ...

    def offer(self, events: Sequence[LoggedEvent], owners: Owners, /) -> None:
        """These are next in the log. Never waits."""
        ...


class EventTail:
    """Reads the log while somebody follows, and hands each page to all of them.

    Woken by `Topic.EVENTS`, it looks by itself every `poll` seconds at the latest. Followers are held weakly: one that a
    program has forgotten about is gone.
    """

    def __init__(self, log: EventLog, owners: OrderOwners, wakeups: WakeUps, *, poll: float = 1.0) -> None:
        self._log = log
        self._owners = owners
        self._wakeups = wakeups
        self._poll = poll
        self._followers: WeakSet[Follower] = WeakSet()
        self._position = 0
        self._reading: asyncio.Task[None] | None = None

    def __iter__(self) -> Iterator[Follower]:
        return iter(tuple(self._followers))

    async def join(self, follower: Follower) -> int:
        """From now on the follower is offered everything beyond the number this answers."""
        if not self._running:
            last = await self._log.last()
            if not self._running:  # somebody else may have been faster
                self._position = last
                # Not in the context of whoever happens to come first: it serves all.
                self._reading = asyncio.create_task(self._read(), name="EventTail", context=contextvars.Context())
        self._followers.add(follower)
        return self._position

    def leave(self, follower: Follower) -> None:
        self._followers.discard(follower)

    async def close(self) -> None:
        """Read no more; whoever joins after this starts it anew."""
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    @property
    def _running(self) -> bool:
        task = self._reading
        return task is not None and not task.done() and task.get_loop() is asyncio.get_running_loop()

    async def _read(self) -> None:
        found = 0
        while True:
            try:
                found = await self._read_page()
            except Exception:
                _log.exception("Reading the event log failed; trying again in %s s.", self._poll)
                found = 0
            if not self._followers:
                self._reading = None  # whoever comes next starts it anew, where the log ends then
                return
            if found < PAGE:
                await self._wakeups.wait(Topic.EVENTS, self._poll)

    async def _read_page(self) -> int:
        events = await self._log.after(self._position, PAGE)
        if not events:
            return 0
        needed = any(follower.needs_owners for follower in self)
        owners: Owners = await self._owners.of(events) if needed else {}
        # Nothing is waited for from here on; who joins now is told of what comes after these.
        for follower in self:
            follower.offer(events, owners)
        self._position = events[-1].number
        return len(events)
