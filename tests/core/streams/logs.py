"""A log of events for tests, which is written as fast as they like, and that can fail."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from tradepost.kernel.events import Message
from tradepost.kernel.wakeups import LocalWakeUps, Topic
from tradepost.messaging.log import LoggedEvent

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PLACED = "tradepost.order.placed.v1"


class Log:
    """`EventLog`. What it forgets is gone from its beginning."""

    def __init__(self) -> None:
        self.events: list[LoggedEvent] = []
        self.wakeups = LocalWakeUps()
        self.reads = 0
        self.failed = asyncio.Event()
        self.broken: Exception | None = None
        self._last = 0

    def write(self, *subjects: str, type: str = PLACED, size: int = 0) -> None:  # noqa: A002 - what it is called
        """Log one event about each of these."""
        for subject in subjects:
            self._last += 1
            message = Message(
                id=f"{subject}.{self._last}",
                type=type,
                aggregate_id=subject,
                sequence=self._last,
                payload=b'{"filler":"%s"}' % (b"x" * size),
                occurred_at=NOW,
            )
            self.events.append(LoggedEvent(number=self._last, message=message, logged_at=NOW))
        self.wakeups.signal(Topic.EVENTS)

    def forget(self, up_to: int) -> None:
        self.events = [event for event in self.events if event.number > up_to]

    async def after(self, number: int, limit: int, /) -> tuple[LoggedEvent, ...]:
        found = tuple([event for event in self.events if event.number > number][:limit])
        self.reads += 1
        await asyncio.sleep(0)
        if self.broken is not None:
            self.failed.set()
            raise self.broken
        return found

    async def last(self) -> int:
        await asyncio.sleep(0)
        return self._last

    async def before(self, at: datetime, /) -> int:
        return 0

    async def get(self, message_id: str, /) -> LoggedEvent | None:
        return None


class Orders:
    """Whose orders are whose: `order_ada_1` is Ada's."""

    def __init__(self) -> None:
        self.asked: list[Sequence[str]] = []

    async def customers_of(self, order_ids: Sequence[str], /) -> Mapping[str, str | None]:
        self.asked.append(order_ids)
        await asyncio.sleep(0)
        return {order_id: f"cus_{order_id.split('_')[1]}" for order_id in order_ids}
