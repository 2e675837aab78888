"""`tradepost events`: what was told, what could not be taken, and telling it again."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from tradepost.kernel.errors import Invalid, NotFound
from tradepost.kernel.pages import PageRequest
from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.group import Group
from tradepost_entrypoints.cli.progress import progress
from tradepost_entrypoints.cli.shop import caller, container, machinery, settings, shop
from tradepost_entrypoints.cli.times import FORMATS, utc

if TYPE_CHECKING:  # the features take longer to import than help takes to show
    from tradepost.kernel.events import Event
    from tradepost.messaging.list_events import EventView
    from tradepost.messaging.parking import ParkedView

events = Group(help="Facts: what was told, what could not be taken, and telling it again.")
dead = Group(help="Dead letters: what consumers could not take, however often they were given it.")
parked = Group(help="What consumers could not take yet and are given again.")
events.add_typer(dead, name="dead")
events.add_typer(parked, name="parked")

_AT_ONCE = 100
_LOOK = 1.0  # seconds, where nobody wakes us

Types = Annotated[
    str,
    typer.Option(
        "--types",
        metavar="TYPE,…",
        help="Only these: tradepost.order.placed.v1, or all of a kind: 'tradepost.order.*'.",
        show_default=False,
    ),
]
Since = Annotated[datetime, typer.Option("--since", formats=FORMATS, help="What was told from then on, in UTC.")]
Consumer = Annotated[
    str | None, typer.Option("--consumer", metavar="NAME", help="Only of this consumer.", show_default=False)
]
Limit = Annotated[int, typer.Option(help="How many at most.", min=1, max=100)]
Cursor = Annotated[str | None, typer.Option(help="Where the last list ended.", show_default=False)]
MessageId = Annotated[str, typer.Argument(metavar="ID", help="The event's id.", show_default=False)]

_EVENT: "output.Fields[EventView]" = {
    "Number": lambda event: event.number,
    "Id": lambda event: event.id,
    "Type": lambda event: event.type,
    "Of": lambda event: event.aggregate_id,
    "Sequence": lambda event: event.sequence,
    "Occurred": lambda event: event.occurred_at,
    "Told": lambda event: event.logged_at,
    "Data": lambda event: bytes(event.data).decode(),
}
_LINE = {name: _EVENT[name] for name in ("Told", "Number", "Type", "Id", "Data")}
_PARKED: "output.Fields[ParkedView]" = {
    "Id": lambda item: item.message_id,
    "Consumer": lambda item: item.consumer,
    "Type": lambda item: item.type,
    "Of": lambda item: item.aggregate_id,
    "Occurred": lambda item: item.occurred_at,
    "Parked": lambda item: item.parked_at,
    "Failures": lambda item: item.failures,
    "Failed": lambda item: item.failed_at,
    "Again": lambda item: item.retry_at,
    "Error": lambda item: _last_line(item.error),
    "Data": lambda item: bytes(item.payload).decode(),
}
_DEAD_COLUMNS = {name: _PARKED[name] for name in ("Id", "Consumer", "Type", "Failures", "Failed", "Error")}
_PARKED_COLUMNS = {name: _PARKED[name] for name in ("Id", "Consumer", "Type", "Failures", "Again", "Error")}


@events.command("tail", uses=("list_events",))
async def tail(
    types: Types = "",
    since: Annotated[
        datetime | None,
        typer.Option("--since", formats=FORMATS, help="What was told from then on, in UTC.", show_default=False),
    ] = None,
    last: Annotated[int, typer.Option(help="Without --since: look at so many of the latest.", min=1)] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is told from now on.")] = False,
) -> None:
    """Show what was told, a line each, the latest last."""
    from tradepost.kernel.wakeups import Topic
    from tradepost.messaging.list_events import ListEventsQuery

    first = ListEventsQuery(
        actor=caller(), since=utc(since), latest=None if since else last, types=_names(types), limit=_AT_ONCE
    )
    async with machinery() as opened:
        read = await opened.shop().list_events(first)
        while True:
            for event in read.events:
                output.line(event, _LINE)
            if read.at_end and not follow:
                return
            if read.at_end:
                await opened.wakeups().wait(Topic.EVENTS, _LOOK)
            query = ListEventsQuery(actor=caller(), after=read.read_to, types=first.types, limit=_AT_ONCE)
            read = await opened.shop().list_events(query)


@events.command("show", uses=("get_event",))
async def show(event: MessageId) -> None:
    """Show one that was told."""
    from tradepost.messaging.get_event import GetEventQuery

    async with shop() as opened:
        view = await opened.get_event(GetEventQuery(actor=caller(), event_id=event))
    output.show(view, _EVENT)


@events.command("schema", uses=())
def schema(
    type_: Annotated[
        str | None, typer.Argument(metavar="[TYPE]", help="Only this type; all without it.", show_default=False)
    ] = None,
    envelope: Annotated[bool, typer.Option("--envelope", help="Of the whole CloudEvent, not of its data.")] = False,
) -> None:
    """Print the JSON Schema of a type of event, or of all in one object. Those of your own are among them."""
    from tradepost.messaging.schemas import envelope_schema, event_schema

    of = envelope_schema if envelope else event_schema
    known = _known_events()
    if type_ is None:
        output.document({name: of(event) for name, event in known.items()})
    elif type_ in known:
        output.document(of(known[type_]))
    else:
        raise NotFound("event_type", type_)


@events.command("asyncapi", uses=())
def asyncapi() -> None:
    """Print the AsyncAPI 3.0 description of the events, for generators and other tools."""
    from importlib.metadata import version

    from tradepost.messaging.asyncapi import describe

    output.document(describe(_known_events().values(), version=version("tradepost")))


@dead.command("list", uses=("list_parked",))
async def list_dead(consumer: Consumer = None, limit: Limit = 20, cursor: Cursor = None) -> None:
    """List what was given up, the latest first."""
    await _list(consumer, PageRequest(limit=limit, cursor=cursor), dead=True)


@parked.command("list", uses=("list_parked",))
async def list_parked(consumer: Consumer = None, limit: Limit = 20, cursor: Cursor = None) -> None:
    """List what waits to be given again, the latest first."""
    await _list(consumer, PageRequest(limit=limit, cursor=cursor), dead=False)


@dead.command("show", uses=("get_parked",))
async def show_dead(
    event: MessageId,
    consumer: Annotated[
        str, typer.Option("--consumer", metavar="NAME", help="Who could not take it.", show_default=False)
    ],
) -> None:
    """Show one, and what went wrong the last time."""
    await _show(consumer, event)


@parked.command("show", uses=("get_parked",))
async def show_parked(
    event: MessageId,
    consumer: Annotated[
        str, typer.Option("--consumer", metavar="NAME", help="Who could not take it.", show_default=False)
    ],
) -> None:
    """Show one, and what went wrong the last time."""
    await _show(consumer, event)


@dead.command("redrive", uses=("redrive_dead_letters",))
async def redrive(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]…", help="Those of these events.", show_default=False)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All there are.")] = False,
    consumer: Consumer = None,
) -> None:
    """Make dead letters due again, with all their attempts."""
    from tradepost.messaging.redrive_dead_letters import RedriveDeadLettersCommand

    command = RedriveDeadLettersCommand(
        actor=caller(), message_ids=tuple(ids or ()), consumer=consumer, all_of_them=every
    )
    async with shop() as opened:
        done = await opened.redrive_dead_letters(command)
    output.done(f"{done.redriven} are due again.", done)


@events.command("replay", uses=("replay_events", "publish_events_again"))
async def replay(
    since: Since,
    consumer: Annotated[
        str | None, typer.Option("--consumer", metavar="NAME", help="Give them to this one.", show_default=False)
    ] = None,
    broker: Annotated[bool, typer.Option("--broker", help="Hand them to the broker, for everybody.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Also what the consumer has taken before.")] = False,
    types: Types = "",
) -> None:
    """Tell again what was told since a time, up to now.

    A consumer is given what it has not taken, and with --again everything; a running worker does that. The broker is
    handed everything, with the ids it had.
    """
    from tradepost.messaging.publish_events_again import PublishEventsAgainCommand
    from tradepost.messaging.replay_events import ReplayEventsCommand

    if broker == (consumer is not None):
        raise Invalid("events.replay_to_whom", "Say to whom: either --consumer NAME or --broker.")
    if broker and again:
        raise Invalid("events.replay_to_whom", "The broker is always handed everything: leave out --again.")
    start, names = since.replace(tzinfo=UTC), _names(types)
    async with container() as opened:
        with progress("Telling again") as advance:
            if consumer is None:
                command = PublishEventsAgainCommand(actor=caller(), since=start, types=names, progress=advance)
                done = await opened.publish_events_again()(command)
            else:
                wanted = ReplayEventsCommand(
                    actor=caller(), consumer=consumer, since=start, types=names, again=again, progress=advance
                )
                done = await opened.replay_events()(wanted)
    to = "were handed to the broker" if consumer is None else f"wait for {consumer}"
    output.done(f"{done.replayed} events {to}, up to number {done.up_to}.", done)


async def _list(consumer: str | None, page: PageRequest, *, dead: bool) -> None:
    from tradepost.messaging.list_parked import ListParkedQuery
    from tradepost.messaging.parking import ParkedFilter

    query = ListParkedQuery(actor=caller(), which=ParkedFilter(dead=dead, consumer=consumer), page=page)
    async with shop() as opened:
        found = await opened.list_parked(query)
    output.listing(found, _DEAD_COLUMNS if dead else _PARKED_COLUMNS, empty="None.")


async def _show(consumer: str, event: str) -> None:
    from tradepost.messaging.get_parked import GetParkedQuery

    async with shop() as opened:
        view = await opened.get_parked(GetParkedQuery(actor=caller(), consumer=consumer, message_id=event))
    output.show(view, _PARKED)
    if view.error and not output.for_programs.get():
        output.note(f"\n{view.error}")


def _known_events() -> "dict[str, type[Event]]":
    """The shop's, and those that the modules of your consumers have."""
    import tradepost.shop  # noqa: F401 - brings the events of every feature
    from tradepost.messaging.schemas import known_events
    from tradepost_entrypoints.consumers import factories

    factories(settings().consumers)
    return known_events()


def _names(types: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in types.split(",") if each.strip())


def _last_line(error: str | None) -> str | None:
    """What went wrong: the traceback above it is for `show`."""
    return error.rstrip().rpartition("\n")[2] if error else None
