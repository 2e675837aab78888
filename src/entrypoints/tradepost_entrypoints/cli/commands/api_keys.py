"""`tradepost api-keys`: keys for machines."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tradepost.kernel.pages import PageRequest
from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.group import Group
from tradepost_entrypoints.cli.shop import caller, shop

if TYPE_CHECKING:  # the features take longer to import than help takes to show
    from tradepost.users.api_key import ApiKeyView, IssuedApiKey

api_keys = Group(help="Keys for machines: what they may do, and until when.")

Which = Annotated[str, typer.Argument(metavar="KEY", help="The key's id.", show_default=False)]

_FIELDS: "output.Fields[ApiKeyView]" = {
    "Id": lambda key: key.id,
    "Name": lambda key: key.name,
    "Status": lambda key: key.status,
    "Scopes": lambda key: key.scopes,
    "Signed only": lambda key: key.signed_only,
    "For": lambda key: key.user_id,
    "Made by": lambda key: key.created_by,
    "Created": lambda key: key.created_at,
    "Expires": lambda key: key.expires_at,
    "Last used": lambda key: key.last_used_at,
    "Old secret until": lambda key: key.former_until,
    "Revoked": lambda key: key.revoked_at,
}
_COLUMNS = {name: _FIELDS[name] for name in ("Id", "Name", "Status", "Scopes", "Expires", "Last used")}


@api_keys.command("create", uses=("create_api_key",))
async def create(
    name: Annotated[str, typer.Argument(help="What the machine is called.", show_default=False)],
    scope: Annotated[list[str], typer.Option(help="What it may do: orders:read. Say it for each.", show_default=False)],
    expires: Annotated[datetime | None, typer.Option(help="When it ends, in UTC.", show_default=False)] = None,
    public_key: Annotated[
        Path | None,
        typer.Option(
            help="A file with the machine's Ed25519 public key, in PEM: then it has to sign its requests.",
            exists=True,
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
) -> None:
    """Make a key. It is shown this once. Made here it is bounded by nobody's rights but its scopes."""
    from datetime import UTC

    from tradepost.users.create_api_key import CreateApiKeyCommand

    command = CreateApiKeyCommand(
        actor=caller(),
        name=name,
        scopes=tuple(scope),
        expires_at=None if expires is None else expires.replace(tzinfo=UTC),
        public_key=None if public_key is None else public_key.read_text(),
    )
    async with shop() as opened:
        _issued(await opened.create_api_key(command))


@api_keys.command("list", uses=("list_api_keys",))
async def list_(
    status: Annotated[
        Literal["active", "expired", "revoked"] | None, typer.Option(help="Only these.", show_default=False)
    ] = None,
    user: Annotated[str | None, typer.Option(help="Only of the user with this id.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=100)] = 20,
    cursor: Annotated[str | None, typer.Option(help="Where the last list ended.", show_default=False)] = None,
) -> None:
    """List the keys, newest first."""
    from tradepost.users.api_key import ApiKeyStatus
    from tradepost.users.api_key_ports import ApiKeyFilter
    from tradepost.users.list_api_keys import ListApiKeysQuery

    wanted = ApiKeyFilter(status=ApiKeyStatus(status) if status else None, user_id=user)
    async with shop() as opened:
        query = ListApiKeysQuery(actor=caller(), wanted=wanted, page=PageRequest(limit=limit, cursor=cursor))
        page = await opened.list_api_keys(query)
    output.listing(page, _COLUMNS, empty="There is no such key.")


@api_keys.command("show", uses=("get_api_key",))
async def show(key: Which) -> None:
    """Show one key."""
    from tradepost.users.get_api_key import GetApiKeyQuery

    async with shop() as opened:
        view = await opened.get_api_key(GetApiKeyQuery(actor=caller(), key_id=key))
    output.show(view, _FIELDS)


@api_keys.command("rotate", uses=("rotate_api_key",))
async def rotate(
    key: Which,
    overlap: Annotated[int, typer.Option(help="For how many hours the old secret stays good.", min=0, max=168)] = 0,
) -> None:
    """Give a key another secret. It is shown this once."""
    from tradepost.users.rotate_api_key import RotateApiKeyCommand

    command = RotateApiKeyCommand(actor=caller(), key_id=key, overlap=timedelta(hours=overlap))
    async with shop() as opened:
        _issued(await opened.rotate_api_key(command))


@api_keys.command("revoke", uses=("revoke_api_key",))
async def revoke(key: Which) -> None:
    """End a key, and the tokens it was given, from the next request on."""
    from tradepost.users.revoke_api_key import RevokeApiKeyCommand

    async with shop() as opened:
        view = await opened.revoke_api_key(RevokeApiKeyCommand(actor=caller(), key_id=key))
    output.done(f"{view.name} ({view.id}) opens nothing any more.", view)


def _issued(issued: "IssuedApiKey") -> None:
    output.done(f"{issued.key.name} ({issued.key.id}). Keep this, it is not shown again:\n{issued.api_key}", issued)
