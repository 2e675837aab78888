"""The stream of events, as server-sent events."""

from functools import partial
from typing import Annotated

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.errors import Kind
from tradepost.streams.follow_events import FollowEvents, FollowEventsQuery
from tradepost_entrypoints.http.call import Call
from tradepost_entrypoints.http.endpoint import Header, Refusal, endpoint
from tradepost_entrypoints.http.event_stream import Events, EventWriter
from tradepost_entrypoints.http.middleware.metrics import Metrics

_TYPE = r"(\*|[a-z0-9_.]+(\.\*)?)"
Types = Annotated[
    str,
    msgspec.Meta(
        pattern=f"^{_TYPE}(,{_TYPE})*$",
        max_length=1000,
        description="Only events of these types, or that begin like this (`tradepost.order.*`), separated by commas.",
    ),
]
Id = Annotated[
    str, msgspec.Meta(pattern="^[0-9]{1,18}$", description="As the header, for those who can not send it at first.")
]
Seconds = Annotated[
    int, msgspec.Meta(ge=0, le=86_400, description="When the stream ends by itself; 0: once it has sent what there is.")
]
LastEventId = Annotated[
    str | None, Header("Last-Event-ID", "The `id` of the last event you have: the stream goes on behind it.")
]


class StreamQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which events, from where on, for how long."""

    types: Types | None = None
    last_event_id: Id | None = None
    seconds: Seconds | None = None


@endpoint(
    "GET",
    "/events/stream",
    tag="Events",
    errors=(
        Refusal(Kind.FORBIDDEN, "auth.forbidden", "Your role (clerk) does not allow events:read."),
        Refusal(Kind.INVALID, "events.types_invalid", "These are no types of events one can follow: see errors."),
        Refusal(
            Kind.INVALID,
            "events.last_event_id_invalid",
            "Send the id of an event as it came, or none to start at the present.",
        ),
        Refusal(
            Kind.RATE_LIMITED,
            "events.too_many_streams",
            "You have 10 streams open, which is as many as one may have; close one first.",
        ),
        Refusal(Kind.UNAVAILABLE, "events.streams_full", "No more streams can be opened here; try again."),
    ),
)
async def follow_events(
    query: StreamQuery,
    last_event_id: LastEventId,
    actor: Actor,
    request: Call,
    follow_events: FollowEvents,
    event_writer: EventWriter,
    metrics: Metrics,
) -> Events:
    """What happens in the shop, while it happens, as server-sent events: a customer's own orders, and for staff everything
    that may be told.

    An event's `id` says where to resume, its `event` is its type, and its `data` a CloudEvent (1.0, JSON). A stream
    without `Last-Event-ID` starts at the present. One whose id is older than what is kept (7 days) begins with an event
    `reset`: read anew what you show, and go on from there. A comment comes when nothing else does, every 15 seconds. The
    stream ends when its reader may no longer read it, or is too slow; what was not read comes after resuming.
    """
    types = () if query.types is None else tuple(dict.fromkeys(query.types.split(",")))
    stream = await follow_events(
        FollowEventsQuery(
            actor=actor,
            types=types,
            last_event_id=last_event_id or query.last_event_id,
            seconds=query.seconds,
            again=partial(event_writer.again, request),
        )
    )
    return Events(stream, event_writer, metrics)


ROUTES = (follow_events,)
