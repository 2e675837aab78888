"""`tradepost users sessions`, `sign-out`, `suspend` and `restore`: what users are signed in with, and keeping them out."""

from typing import TYPE_CHECKING, Annotated

import typer

from tradepost.kernel.pages import PageRequest
from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.commands.users import Who, find, users
from tradepost_entrypoints.cli.shop import caller, shop

if TYPE_CHECKING:  # the features take longer to import than help takes to show
    from tradepost.users.views import SessionView

__all__ = ["users"]  # the group, with these in it

_COLUMNS: "output.Fields[SessionView]" = {
    "Id": lambda session: session.id,
    "Kind": lambda session: session.kind,
    "Since": lambda session: session.created_at,
    "Last seen": lambda session: session.last_seen_at,
    "Until": lambda session: session.expires_at,
    "Address": lambda session: session.address,
    "Program": lambda session: session.user_agent,
}


@users.command("sessions", uses=("list_sessions", "get_user", "list_users"))
async def sessions(
    who: Who,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=100)] = 20,
    cursor: Annotated[str | None, typer.Option(help="Where the last list ended.", show_default=False)] = None,
) -> None:
    """List where somebody is signed in, the one seen last first."""
    from tradepost.users.list_sessions import ListSessionsQuery

    async with shop() as opened:
        found = await find(opened, who)
        page = PageRequest(limit=limit, cursor=cursor)
        listed = await opened.list_sessions(ListSessionsQuery(actor=caller(), user_id=found.id, page=page))
    output.listing(listed, _COLUMNS, empty="They are signed in nowhere.")


@users.command("sign-out", uses=("end_session", "end_sessions", "get_user", "list_users"))
async def sign_out(
    who: Who,
    session: Annotated[str | None, typer.Option(help="Only this session, by its id.", show_default=False)] = None,
) -> None:
    """Sign somebody out, everywhere or of one session. Holds from their next request on."""
    from tradepost.users.end_session import EndSessionCommand
    from tradepost.users.end_sessions import EndSessionsCommand

    async with shop() as opened:
        found = await find(opened, who)
        if session is None:
            ended = await opened.end_sessions(EndSessionsCommand(actor=caller(), user_id=found.id))
        else:
            command = EndSessionCommand(actor=caller(), user_id=found.id, session_id=session)
            await opened.end_session(command)
            ended = 1
    what = "1 session" if ended == 1 else f"{ended} sessions"
    output.done(f"{what} of {found.email or found.id} ended.", {"user_id": found.id, "ended": ended})


@users.command("suspend", uses=("suspend_user", "get_user", "list_users"))
async def suspend(who: Who) -> None:
    """Keep somebody out, from their next request on, until they are restored."""
    from tradepost.users.suspend_user import SuspendUserCommand

    async with shop() as opened:
        found = await find(opened, who)
        user = await opened.suspend_user(SuspendUserCommand(actor=caller(), user_id=found.id))
    output.done(f"{user.email} is kept out until restored.", user)


@users.command("restore", uses=("restore_user", "get_user", "list_users"))
async def restore(who: Who) -> None:
    """Let somebody who was suspended sign in again."""
    from tradepost.users.restore_user import RestoreUserCommand

    async with shop() as opened:
        found = await find(opened, who)
        user = await opened.restore_user(RestoreUserCommand(actor=caller(), user_id=found.id))
    output.done(f"{user.email} may sign in again.", user)
