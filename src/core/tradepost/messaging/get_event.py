"""Look at one fact in the log."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.kernel.errors import NotFound
from tradepost.messaging.event_filter import leaves
from tradepost.messaging.list_events import EventView
from tradepost.messaging.log import EventLog
from tradepost.messaging.public import PUBLIC


class GetEventQuery(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    event_id: str


class GetEvent:
    """A fact as it was told. Of what may not leave the shop the operator alone is shown any. Raises `event.not_found`,
    also for one that is not told yet or no longer kept."""

    access = staff(Permission.EVENTS_READ)

    def __init__(self, log: EventLog) -> None:
        self._log = log

    async def __call__(self, query: GetEventQuery) -> EventView:
        self.access.check(query.actor)
        logged = await self._log.get(query.event_id)
        if logged is None or not (query.actor.trusted or leaves(logged.message.type, PUBLIC)):
            raise NotFound("event", query.event_id)
        return EventView.of(logged)
