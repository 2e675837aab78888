"""`tradepost keys`: what access tokens are signed with."""

from typing import TYPE_CHECKING, Annotated

import typer

from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.group import Group
from tradepost_entrypoints.cli.shop import caller, shop

if TYPE_CHECKING:  # the features take longer to import than help takes to show
    from tradepost.users.signing_keys import SigningKeyView

keys = Group(help="What access tokens are signed with.")

_COLUMNS: "output.Fields[SigningKeyView]" = {
    "Id": lambda key: key.id,
    "Status": lambda key: key.status,
    "Created": lambda key: key.created_at,
    "Signs from": lambda key: key.signs_from,
    "Signs until": lambda key: key.signs_until,
    "Verifies until": lambda key: key.verifies_until,
}


@keys.command("list", uses=("list_signing_keys",))
async def list_() -> None:
    """List the keys, newest first, with what each is for now."""
    from tradepost.users.list_signing_keys import ListSigningKeysQuery

    async with shop() as opened:
        found = await opened.list_signing_keys(ListSigningKeysQuery(actor=caller()))
    output.listing(found, _COLUMNS, empty="There is no key yet: the first is made when the first token is signed.")


@keys.command("rotate", uses=("rotate_signing_key",))
async def rotate(
    now: Annotated[
        bool, typer.Option("--now", help="A key has leaked: end all keys and their tokens at once.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether you are sure.")] = False,
) -> None:
    """Put a new key in the place of the one that signs. It takes over in some minutes, and nobody notices; with --now
    it does at once, and everybody has to refresh their token."""
    from tradepost.users.rotate_signing_key import RotateSigningKeyCommand

    if now and not yes:
        typer.confirm("End every access token there is?", abort=True, err=True)
    async with shop(secrets=True) as opened:
        key = await opened.rotate_signing_key(RotateSigningKeyCommand(actor=caller(), leaked=now))
    if now:
        output.done(f"{key.id} signs from now on; no token from before is good any more.", key)
    else:
        output.done(f"{key.id} signs from {output.text(key.signs_from)} on.", key)


@keys.command("retire", uses=("retire_signing_key",))
async def retire(key: Annotated[str, typer.Argument(metavar="KEY", help="The key's id.", show_default=False)]) -> None:
    """End a key that signs no more before its last tokens have expired. Processes see it within a minute."""
    from tradepost.users.retire_signing_key import RetireSigningKeyCommand

    async with shop() as opened:
        view = await opened.retire_signing_key(RetireSigningKeyCommand(actor=caller(), key_id=key))
    output.done(f"{view.id} verifies no more.", view)
