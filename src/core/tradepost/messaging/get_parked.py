"""Look at one message that a consumer could not take."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.kernel.errors import NotFound
from tradepost.messaging.parking import ParkedView
from tradepost.messaging.ports import ParkedViews


class GetParkedQuery(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    consumer: str
    message_id: str


class GetParked:
    """The message, what went wrong the last time, and when it comes again. Raises `parked_message.not_found`."""

    access = staff(Permission.EVENTS_READ)

    def __init__(self, views: ParkedViews) -> None:
        self._views = views

    async def __call__(self, query: GetParkedQuery) -> ParkedView:
        self.access.check(query.actor)
        found = await self._views.get(query.consumer, query.message_id)
        if found is None:
            raise NotFound("parked_message", query.message_id)
        return found
