"""The log of facts that were told: the outbox, in the order in which the relays numbered it."""

from datetime import datetime
from typing import Protocol

import msgspec

from tradepost.kernel.events import Message


class LoggedEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A message and its number in the log. Numbers rise without a gap, and those of one aggregate in its order."""

    number: int
    message: Message
    logged_at: datetime


class EventLog(Protocol):
    """Reads the log, outside transactions.

    A number is given when a relay has delivered the message, under one lock that is held until the commit. So numbers
    become visible in their order, and whoever has read up to one has missed nothing before it: which can not be said of
    the places in the outbox, where a slow transaction appears behind a faster one's back.
    """

    async def after(self, number: int, limit: int, /) -> tuple[LoggedEvent, ...]:
        """At most so many of those beyond a number, in order."""
        ...

    async def last(self) -> int:
        """The highest number given; 0 when there is none."""
        ...

    async def before(self, at: datetime, /) -> int:
        """The number before the first that was given at this instant or later, so that all that was logged since comes
        `after` it, whichever clock was set back meanwhile. 0: none kept."""
        ...

    async def get(self, message_id: str, /) -> LoggedEvent | None: ...
