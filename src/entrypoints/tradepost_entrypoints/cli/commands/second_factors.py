"""`tradepost users second-factor`: two-step sign-in of those who can not help themselves any more."""

from typing import Annotated

import typer

from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.commands.user_sessions import users
from tradepost_entrypoints.cli.commands.users import Who, find
from tradepost_entrypoints.cli.group import Group
from tradepost_entrypoints.cli.shop import caller, shop

__all__ = ["users"]  # the group, with this one in it

second_factor = Group(help="Two-step sign-in.")


@second_factor.command("reset", uses=("reset_second_factor", "get_second_factor", "get_user", "list_users"))
async def reset(
    who: Who, yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether you are sure.")] = False
) -> None:
    """Take the second factor off somebody who has lost the phone and the recovery codes. Be sure of who asks for it: they
    sign in with the password alone then, and are signed out everywhere."""
    from tradepost.users.get_second_factor import GetSecondFactorQuery
    from tradepost.users.reset_second_factor import ResetSecondFactorCommand

    async with shop() as opened:
        found = await find(opened, who)
        if not yes:
            typer.confirm(f"Let {found.email or found.id} sign in with the password alone?", abort=True, err=True)
        await opened.reset_second_factor(ResetSecondFactorCommand(actor=caller(), user_id=found.id))
        left = await opened.get_second_factor(GetSecondFactorQuery(actor=caller(), user_id=found.id))
    output.done(f"{found.email or found.id} signs in with the password alone, until they set up another one.", left)


users.add_typer(second_factor, name="second-factor")
