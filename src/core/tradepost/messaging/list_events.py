"""Read the log of what was told."""

from datetime import datetime

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.messaging.event_filter import ALL, ANYTHING, leaves, matches, require_types
from tradepost.messaging.log import EventLog, LoggedEvent
from tradepost.messaging.public import PUBLIC

_LOOKED_THROUGH = 1_000  # facts of other types that one call goes past at most
_AT_ONCE = 200


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """A fact as the log has it. `number` is its place there, `data` the event."""

    number: int
    id: str
    type: str
    aggregate_id: str
    sequence: int
    occurred_at: datetime
    logged_at: datetime
    data: msgspec.Raw

    @classmethod
    def of(cls, logged: LoggedEvent) -> "EventView":
        message = logged.message
        return cls(
            number=logged.number,
            id=message.id,
            type=message.type,
            aggregate_id=message.aggregate_id,
            sequence=message.sequence,
            occurred_at=message.occurred_at,
            logged_at=logged.logged_at,
            data=msgspec.Raw(message.payload),
        )


class ListEventsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """From where on: beyond the number `after`, logged `since`, the `latest` so many of the whole log; with none of them
    from the oldest that is kept. `types` are types or beginnings of them (`tradepost.order.*`), none for all; `limit` is
    at least 1."""

    actor: Actor
    after: int | None = None
    since: datetime | None = None
    latest: int | None = None
    types: tuple[str, ...] = ()
    limit: int = 20


class EventsRead(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, in the order of the log. `read_to` is how far was looked: go on `after` it. `at_end` says that
    there was nothing beyond."""

    events: tuple[EventView, ...]
    read_to: int
    at_end: bool


class ListEvents:
    """Facts in the order in which they were told, as long as they are kept. Of what may not leave the shop the operator
    alone is shown any. A call goes past a limited number of facts of other types, so it may find fewer than there are:
    go on until `at_end`. Raises `events.types_invalid`.
    """

    access = staff(Permission.EVENTS_READ)

    def __init__(self, log: EventLog) -> None:
        self._log = log

    async def __call__(self, query: ListEventsQuery) -> EventsRead:
        self.access.check(query.actor)
        shown = ANYTHING if query.actor.trusted else PUBLIC
        require_types(query.types, shown)
        place = query.after or 0
        if query.since is not None:
            place = max(place, await self._log.before(query.since))
        if query.latest is not None:
            place = max(place, await self._log.last() - query.latest)
        found: list[EventView] = []
        looked = 0
        while looked < _LOOKED_THROUGH:
            page = await self._log.after(place, _AT_ONCE)
            for logged in page:
                if len(found) == query.limit:
                    return EventsRead(events=tuple(found), read_to=place, at_end=False)
                place = logged.number
                if leaves(logged.message.type, shown) and matches(query.types or (ALL,), logged.message.type):
                    found.append(EventView.of(logged))
            looked += len(page)
            if len(page) < _AT_ONCE:
                return EventsRead(events=tuple(found), read_to=place, at_end=True)
        return EventsRead(events=tuple(found), read_to=place, at_end=False)
