"""One stream: first what the log kept since, then what happens, without a gap and without a double."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from tradepost.kernel.errors import TradepostError
from tradepost.messaging.log import EventLog, LoggedEvent
from tradepost.streams.errors import AccessChanged, TooSlow
from tradepost.streams.order_owners import OrderOwners
from tradepost.streams.tail import PAGE, EventTail
from tradepost.streams.view import Owners, StreamView

Recheck = Callable[[], Awaitable[StreamView]]
"""What the one who follows may see now. Raises when they may no longer follow at all."""


class EventStream:
    """Gives events in the order of their numbers: `async for event in stream`, and `stream.close()` in the end.

    `position` is the number up to which everything was given or is not shown in this stream: resume there. `missed` says
    that the log no longer had what followed the number one wanted to resume after; the stream starts at the present then.
    """

    def __init__(
        self,
        view: StreamView,
        log: EventLog,
        owners: OrderOwners,
        tail: EventTail,
        *,
        caller: str,
        room: int,
        recheck: Recheck | None,
        every: float,
        seconds: float | None,
    ) -> None:
        self.caller = caller
        self.position = 0
        self.missed = False
        self.ended = asyncio.Event()
        self._view = view
        self._log = log
        self._owners = owners
        self._tail = tail
        self._room = room
        self._recheck = recheck
        self._every = every
        now = asyncio.get_running_loop().time()
        self._checks_at = now + every
        self._until = None if seconds is None else now + seconds
        self._joined: int | None = None  # from here on the tail offers; before, the log is read
        self._offered = 0
        self._waiting: deque[LoggedEvent] = deque()
        self._news = asyncio.Event()
        self.reason: TradepostError | None = None

    async def open(self, after: int | None, reach: int | None) -> None:
        """Start beyond a number, or at the present; also where that is more than `reach` events ago."""
        last = await self._log.last()
        self.position = last
        if after is None or after == last:
            self._offered = self._joined = await self._tail.join(self)
            return
        if after < last and (reach is None or last - after <= reach):
            following = await self._log.after(after, 1)
            if following and following[0].number == after + 1:
                self.position = after
                return
        self.missed = True
        self._offered = self._joined = await self._tail.join(self)

    @property
    def needs_owners(self) -> bool:
        return self._view.customer_id is not None

    def offer(self, events: Sequence[LoggedEvent], owners: Owners, /) -> None:
        """See `Follower`."""
        self._waiting.extend(self._view.of(events, owners))
        self._offered = events[-1].number
        if len(self._waiting) > self._room:
            self.end(TooSlow())
        self._news.set()

    def end(self, reason: TradepostError, /) -> None:
        """See `Follower`. `more` raises the reason."""
        if self.reason is None:
            self.reason = reason
            self._waiting.clear()
            self._news.set()
            self.ended.set()
            self._tail.leave(self)

    def close(self) -> None:
        """Follow no more."""
        self._tail.leave(self)
        self.ended.set()

    async def __aiter__(self) -> AsyncIterator[LoggedEvent]:
        while events := await self.more():
            for event in events:
                yield event

    async def more(self) -> list[LoggedEvent]:
        """The next events, as many as there are, at least one; none when the time of the stream is over.

        Raises what ended the stream before: `events.too_slow`, `events.closing`, `events.access_changed`, and what its
        `recheck` raises.
        """
        loop = asyncio.get_running_loop()
        while True:
            if self.reason is not None:
                raise self.reason
            if self._recheck is not None and loop.time() >= self._checks_at:
                await self._check(self._recheck)
                self._checks_at = loop.time() + self._every
            found = self._taken() if self._joined is not None and self.position >= self._joined else await self._read()
            if found is None:
                continue
            if found:
                return found
            if self._until is not None and loop.time() >= self._until:
                self.close()
                return []
            await self._wait(loop.time())

    async def _check(self, recheck: Recheck) -> None:
        try:
            now_shows = await recheck()
            if now_shows != self._view:
                raise AccessChanged
        except TradepostError as error:
            self.end(error)
            raise

    def _taken(self) -> list[LoggedEvent]:
        """What the tail has offered. What the log gave already, before the tail came to it, is left out."""
        self._news.clear()
        taken = [event for event in self._waiting if event.number > self.position]
        self._waiting.clear()
        self.position = max(self.position, self._offered)
        return taken

    async def _read(self) -> list[LoggedEvent] | None:
        """A page of the log, as far as it is shown; None when nothing of it is. Joins the tail at the end of the log."""
        joined = self._joined
        events = await self._log.after(self.position, PAGE)
        if len(events) < PAGE and joined is None:
            # What is logged from here on comes from the tail; what was in between is read with the next page.
            self._joined = self._offered = await self._tail.join(self)
        if not events and joined is None:
            return None
        if not events or events[0].number != self.position + 1:
            self.end(TooSlow())  # they were forgotten meanwhile; whoever resumes is told so
            return None
        found = self._view.of(events, await self._owners.of(events) if self.needs_owners else {})
        self.position = events[-1].number
        return found or None

    async def _wait(self, now: float) -> None:
        moments = [at for at in (self._until, self._checks_at if self._recheck else None) if at is not None]
        try:
            async with asyncio.timeout(min(moments) - now if moments else None):
                await self._news.wait()
        except TimeoutError:
            pass
