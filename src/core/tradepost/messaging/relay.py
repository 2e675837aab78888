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

    `lanes` passes go on side by side, so a slow consumer does not keep all partitions waiting. Between two passes a lane
    waits `gather` seconds, unless it has `BACKLOG` messages or more to work off: under load a pass then serves many
    messages, where a pass for each would cost more than the orders they tell of.
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
    ) -> None:
        self._deliver = deliver
        self._wakeups = wakeups
        self._topic = topic
        self._poll = poll
        self._lanes = lanes
        self._gather = gather
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Deliver until `stop` is called; passes under way are finished."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._lanes):
                group.create_task(self._lane())

    def stop(self) -> None:
        self._stop.set()

    async def _lane(self) -> None:
        while not self._stop.is_set():
            try:
                delivered = await self._deliver()
            except Exception:
                _log.exception("Delivering messages failed; trying again in %s s.", self._poll)
                delivered = 0
            if not delivered:
                await wait_or_stop(self._wakeups, self._topic, self._poll, self._stop)
            if delivered < BACKLOG:
                await asyncio.sleep(self._gather)
