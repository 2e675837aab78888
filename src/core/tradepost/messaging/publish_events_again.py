"""Hand the broker what is in the log once more."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.kernel.events import Message
from tradepost.messaging.event_filter import ALL, ANYTHING, matches, require_types
from tradepost.messaging.log import EventLog
from tradepost.messaging.replaying import Replayed, nobody, pages


class PublishEventsAgainCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What: logged `since`, of `types` (or beginnings of them, none for all). `progress` is called with how many more facts were
    looked at."""

    actor: Actor
    since: datetime
    types: tuple[str, ...] = ()
    progress: Callable[[int], None] = nobody


class PublishEventsAgain:
    """Hands the facts of a time to the broker again, with the ids they had: for a broker that has lost what it kept. The
    shop's own consumers know what they have taken; others have to look at the ids. Goes as far as `ReplayEvents` does.

    What was published when it is interrupted is published again by the next run. Raises `events.types_invalid`, and
    `broker.unavailable` when there is no broker that keeps messages, or it is away.
    """

    access = staff(Permission.EVENTS_WRITE)

    def __init__(self, log: EventLog, publish: Callable[[Sequence[Message]], Awaitable[None]]) -> None:
        self._log = log
        self._publish = publish

    async def __call__(self, command: PublishEventsAgainCommand) -> Replayed:
        self.access.check(command.actor)
        require_types(command.types, ANYTHING)
        wanted = command.types or (ALL,)
        up_to = await self._log.last()
        replayed = 0
        async for page in pages(self._log, command.since, up_to):
            messages = [message for message in page if matches(wanted, message.type)]
            if messages:
                await self._publish(messages)
            replayed += len(messages)
            command.progress(len(page))
        return Replayed(replayed=replayed, up_to=up_to)
