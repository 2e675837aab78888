"""What was told, and what consumers could not take. As it happens: the stream."""

from typing import Annotated

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.errors import Invalid, Kind
from tradepost.kernel.pages import Page, decode_cursor, encode_cursor
from tradepost.messaging.get_event import GetEvent, GetEventQuery
from tradepost.messaging.get_parked import GetParked, GetParkedQuery
from tradepost.messaging.list_events import EventView, ListEvents, ListEventsQuery
from tradepost.messaging.list_parked import ListParked, ListParkedQuery
from tradepost.messaging.parking import ParkedFilter, ParkedView
from tradepost.messaging.redrive_dead_letters import RedriveDeadLetters, RedriveDeadLettersCommand, Redriven
from tradepost_entrypoints.http.endpoint import Refusal, endpoint
from tradepost_entrypoints.http.envelope import Many, One
from tradepost_entrypoints.http.faults import MAX_INT
from tradepost_entrypoints.http.parameters import Moment, PageQuery
from tradepost_entrypoints.http.routes.event_stream import Types

_TAG = "Events"
_NAME = "^[!-~]+$"  # those of consumers and aggregates of your own are yours to choose

MessageId = Annotated[str, msgspec.Meta(pattern=_NAME, max_length=255, description="An event's id.")]
ConsumerName = Annotated[str, msgspec.Meta(pattern=_NAME, max_length=100, description="What a consumer is called.")]
Number = Annotated[int, msgspec.Meta(ge=0, le=MAX_INT, description="Only events beyond this number.")]


class EventsQuery(PageQuery, frozen=True, kw_only=True):
    """From where on, and of which types."""

    after: Number | None = None
    since: Annotated[Moment, msgspec.Meta(description="Only events told from then on.")] | None = None
    types: Types | None = None


class DeadLettersQuery(PageQuery, frozen=True, kw_only=True):
    """Whose."""

    consumer: ConsumerName | None = None


class RedriveBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which: those of these events, those of a consumer, or both; or `all` there are."""

    event_ids: Annotated[tuple[MessageId, ...], msgspec.Meta(max_length=100)] = ()
    consumer: ConsumerName | None = None
    all: bool = False


@endpoint(
    "GET",
    "/events",
    tag=_TAG,
    errors=(
        Refusal(Kind.INVALID, "events.types_invalid", "These are no types of events one can ask for: see errors."),
    ),
)
async def list_events(query: EventsQuery, actor: Actor, list_events: ListEvents) -> Many[EventView]:
    """What was told, in the order in which it was, as long as it is kept (seven days). A page can hold fewer events than
    were asked for, or none, while there are more: follow `links.next`. For staff."""
    page = query.page_request()
    _, descending = page.sorted_by(("number",), "number")
    if descending or page.page is not None:
        raise Invalid("page.invalid", "Events come in the order in which they were told: page by cursor.")
    after = query.after if page.cursor is None else decode_cursor(page.cursor, int)[0]
    types = tuple(query.types.split(",")) if query.types else ()
    read = await list_events(
        ListEventsQuery(actor=actor, after=after, since=query.since, types=types, limit=page.limit)
    )
    ahead = None if read.at_end else encode_cursor(read.read_to)
    return Many(Page(items=read.events, next_cursor=ahead), query)


@endpoint(
    "GET",
    "/events/{event_id}",
    tag=_TAG,
    errors=(Refusal(Kind.NOT_FOUND, "event.not_found", "There is no event 'order_01m7y7tsamexgajdq8dqk7k2b9.1.0'."),),
)
async def get_event(event_id: MessageId, actor: Actor, get_event: GetEvent) -> One[EventView]:
    """An event that was told, as long as it is kept. For staff."""
    return One(await get_event(GetEventQuery(actor=actor, event_id=event_id)))


@endpoint("GET", "/dead-letters", tag=_TAG)
async def list_dead_letters(query: DeadLettersQuery, actor: Actor, list_parked: ListParked) -> Many[ParkedView]:
    """What consumers could not take, however often they were given it: the latest first. For staff."""
    which = ParkedFilter(dead=True, consumer=query.consumer)
    return Many(await list_parked(ListParkedQuery(actor=actor, which=which, page=query.page_request())), query)


@endpoint(
    "GET",
    "/dead-letters/{consumer}/{event_id}",
    tag=_TAG,
    errors=(
        Refusal(
            Kind.NOT_FOUND,
            "parked_message.not_found",
            "There is no parked_message 'order_01m7y7tsamexgajdq8dqk7k2b9.1.0'.",
        ),
    ),
)
async def get_dead_letter(
    consumer: ConsumerName, event_id: MessageId, actor: Actor, get_parked: GetParked
) -> One[ParkedView]:
    """One of them, or one that is tried again, with what went wrong the last time. For staff."""
    return One(await get_parked(GetParkedQuery(actor=actor, consumer=consumer, message_id=event_id)))


@endpoint(
    "POST",
    "/dead-letters/redrive",
    tag=_TAG,
    example={"event_ids": ["order_01m7y7tsamexgajdq8dqk7k2b9.1.0"], "consumer": "search-engine"},
    errors=(
        Refusal(
            Kind.INVALID,
            "dead_letters.none_named",
            "Name messages or a consumer, or say that you mean all of them.",
        ),
        Refusal(
            Kind.CONFLICT,
            "dead_letters.none_found",
            "None of these messages is a dead letter; list those there are.",
        ),
    ),
)
async def redrive_dead_letters(
    data: RedriveBody, actor: Actor, redrive_dead_letters: RedriveDeadLetters
) -> One[Redriven]:
    """Give dead letters to their consumers again, with all their attempts. For staff."""
    command = RedriveDeadLettersCommand(
        actor=actor, message_ids=data.event_ids, consumer=data.consumer, all_of_them=data.all
    )
    return One(await redrive_dead_letters(command))


ROUTES = (list_events, get_event, list_dead_letters, get_dead_letter, redrive_dead_letters)
