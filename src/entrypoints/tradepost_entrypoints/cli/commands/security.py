"""`tradepost security`: the trail of what tested or changed access."""

from typing import TYPE_CHECKING, Annotated

import typer

from tradepost.kernel.pages import PageRequest
from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.group import Group
from tradepost_entrypoints.cli.shop import caller, shop

if TYPE_CHECKING:  # the features take longer to import than help takes to show
    from tradepost.users.security_log import SecurityEvent

security = Group(help="Who signed in or failed to, and who changed what about access.")

_COLUMNS: "output.Fields[SecurityEvent]" = {
    "At": lambda event: event.at,
    "Kind": lambda event: event.kind,
    "About": lambda event: event.user_id,
    "By": lambda event: event.actor_id,
    "From": lambda event: event.client.address,
    "More": lambda event: ", ".join(f"{name}={value}" for name, value in event.data.items()) or None,
}


@security.command("list", uses=("list_security_events",))
async def list_(
    kind: Annotated[
        str | None, typer.Option(help="Only these: sign_in.failed, role.changed.", show_default=False)
    ] = None,
    user: Annotated[str | None, typer.Option(help="Only about the user with this id.", show_default=False)] = None,
    actor: Annotated[str | None, typer.Option(help="Only what this one did.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=100)] = 20,
    cursor: Annotated[str | None, typer.Option(help="Where the last list ended.", show_default=False)] = None,
) -> None:
    """List the entries of the trail, newest first."""
    from tradepost.users.list_security_events import ListSecurityEventsQuery
    from tradepost.users.security_log import SecurityEventFilter, SecurityEventKind

    kinds = [each.value for each in SecurityEventKind]
    if kind is not None and kind not in kinds:
        raise typer.BadParameter(f"Choose one of {', '.join(kinds)}.", param_hint="--kind")
    chosen = None if kind is None else SecurityEventKind(kind)
    wanted = SecurityEventFilter(kind=chosen, user_id=user, actor_id=actor)
    async with shop() as opened:
        query = ListSecurityEventsQuery(actor=caller(), wanted=wanted, page=PageRequest(limit=limit, cursor=cursor))
        page = await opened.list_security_events(query)
    output.listing(page, _COLUMNS, empty="Nothing of that kind has happened.")
