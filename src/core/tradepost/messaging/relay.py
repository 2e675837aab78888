"""The loop that keeps delivering."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from tradepost.kernel.wakeups import Topic, WakeUps, wait_or_stop

BACKLOG = 50
"""A pass that delivered as many has probably left some behind."""

_log = logging.getLogger(__name__)


class Relay:
    """Runs passes (of `DeliverMessages`, of `RetryParked`) until it is stopped: at once when woken, every `poll` seconds
    otherwise.

    Between two passes it waits `gather` seconds, unless the last delivered `BACKLOG` messages or more: under load a pass
    then serves many messages, where a pass for each would cost more than the orders they tell of. A pass that takes
    longer than `slow` seconds lets the next begin beside it, `lanes` of them at most, so that a consumer that hangs does
    not keep all partitions waiting.
    """

    def __init__(
        self,
        deliver: Callable[[], Awaitable[int]],
        wakeups: WakeUps,
        *,
        topic: Topic = Topic.MESSAGES,
        poll: float = 1.0,
        lanes: int = 2,
        gather: float = 0.03,
        slow: float = 0.2,
    ) -> None:
        self._deliver = deliver
        self._wakeups = wakeups
        self._topic = topic
        self._poll = poll
        self._lanes = lanes
        self._gather = gather
        self._slow = slow
        self._stop = asyncio.Event()
        self._turn = asyncio.Lock()
        self._delivered = BACKLOG  # by the last pass; the first looks at once

    async def run(self) -> None:
        """Deliver until `stop` is called; passes under way are finished."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._lanes):
                group.create_task(self._lane())

    def stop(self) -> None:
        self._stop.set()

    async def _lane(self) -> None:
        while not self._stop.is_set():
            async with self._turn:
                await self._until_wanted()
                if self._stop.is_set():
                    return
                under_way = asyncio.create_task(self._pass())
                try:
                    await asyncio.wait({under_way}, timeout=self._slow)
                    if not under_way.done():
                        self._delivered = 1  # nobody knows yet, so the next lane looks for itself
                except asyncio.CancelledError:
                    under_way.cancel()
                    await asyncio.wait({under_way})
                    raise
            try:
                await under_way
            finally:
                under_way.cancel()

    async def _until_wanted(self) -> None:
        if not self._delivered:
            await wait_or_stop(self._wakeups, self._topic, self._poll, self._stop)
        if self._delivered < BACKLOG:
            await asyncio.sleep(self._gather)

    async def _pass(self) -> None:
        try:
            self._delivered = await self._deliver()
        except Exception:
            _log.exception("Delivering messages failed; trying again in %s s.", self._poll)
            self._delivered = 0
