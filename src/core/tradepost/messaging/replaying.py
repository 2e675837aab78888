"""What telling something once more takes, whoever is told."""

from collections.abc import AsyncIterator
from datetime import datetime

import msgspec

from tradepost.kernel.events import Message
from tradepost.messaging.log import EventLog

_AT_ONCE = 200
"""Facts of one page, and so of one transaction."""


def nobody(_: int) -> None:
    """Nobody looks how far it is."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """How many facts were told again, and up to which number of the log was looked."""

    replayed: int
    up_to: int


async def pages(log: EventLog, since: datetime, up_to: int) -> AsyncIterator[list[Message]]:
    """What was logged since then up to a number, in pages."""
    place = await log.before(since)
    while place < up_to:
        page = [logged for logged in await log.after(place, _AT_ONCE) if logged.number <= up_to]
        if not page:
            return
        place = page[-1].number
        yield [logged.message for logged in page]
