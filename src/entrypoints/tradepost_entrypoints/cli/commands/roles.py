"""`tradepost roles`: what people who work in the shop may do."""

from typing import TYPE_CHECKING, Annotated

import typer

from tradepost.kernel.errors import Fault, Invalid
from tradepost.kernel.money import Money
from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.group import Group
from tradepost_entrypoints.cli.shop import caller, shop

if TYPE_CHECKING:  # the features take longer to import than help takes to show
    from tradepost.users.role_ports import RoleView

roles = Group(help="What people who work in the shop may do.")

Name = Annotated[str, typer.Argument(help="What the role is called.", show_default=False)]
Base = Annotated[str | None, typer.Option(help="A built-in role it includes all of.", show_default=False)]
Permissions = Annotated[
    list[str] | None,
    typer.Option("--permission", metavar="PERMISSION", help="Something more it allows; may be repeated."),
]
Limits = Annotated[
    list[str] | None,
    typer.Option(
        "--refund-limit",
        metavar="CURRENCY=AMOUNT",
        help="How much may be given back on one order; may be repeated. Other currencies are not refunded then.",
    ),
]

_FIELDS: "output.Fields[RoleView]" = {
    "Name": lambda role: role.name,
    "Built-in": lambda role: role.built_in,
    "Base": lambda role: role.base,
    "Refund limits": lambda role: _words(role.refund_limits),
    "Includes": lambda role: list(role.includes),
}
_COLUMNS = {name: _FIELDS[name] for name in ("Name", "Built-in", "Base", "Refund limits")}


@roles.command("list", uses=("list_roles",))
async def list_() -> None:
    """List the roles: those every shop has, then the shop's own."""
    from tradepost.users.list_roles import ListRolesQuery

    async with shop() as opened:
        found = await opened.list_roles(ListRolesQuery(actor=caller()))
    output.listing(found.roles, _COLUMNS, empty="")


@roles.command("show", uses=("get_role",))
async def show(name: Name) -> None:
    """Show one role with all that it includes."""
    from tradepost.users.get_role import GetRoleQuery

    async with shop() as opened:
        role = await opened.get_role(GetRoleQuery(actor=caller(), name=name))
    output.show(role, _FIELDS)


@roles.command("create", uses=("create_role",))
async def create(name: Name, base: Base = None, permissions: Permissions = None, limits: Limits = None) -> None:
    """Define a role of the shop's own."""
    from tradepost.users.create_role import CreateRoleCommand

    command = CreateRoleCommand(
        actor=caller(),
        name=name,
        base=base,
        permissions=tuple(permissions or ()),
        refund_limits=_limits(limits) if limits else None,
    )
    async with shop() as opened:
        role = await opened.create_role(command)
    output.done(f"There is a role {role.name} now.", role)


@roles.command("change", uses=("update_role",))
async def change(
    name: Name,
    base: Base = None,
    permissions: Permissions = None,
    limits: Limits = None,
    *,
    unlimited: Annotated[bool, typer.Option("--no-refund-limit", help="Refunds are without limit.")] = False,
) -> None:
    """Change what a role includes. Counts for everybody in it from their next request on."""
    from msgspec import UNSET

    from tradepost.users.update_role import UpdateRoleCommand

    if limits and unlimited:
        raise Invalid("role.invalid", "Say --refund-limit or --no-refund-limit, not both.")
    command = UpdateRoleCommand(
        actor=caller(),
        name=name,
        base=UNSET if base is None else base,
        permissions=UNSET if permissions is None else tuple(permissions),
        refund_limits=None if unlimited else _limits(limits) if limits else UNSET,
    )
    async with shop() as opened:
        role = await opened.update_role(command)
    output.done(f"The role {role.name} is changed.", role)


@roles.command("delete", uses=("delete_role",))
async def delete(name: Name) -> None:
    """Delete a role of the shop's own that nobody has."""
    from tradepost.users.delete_role import DeleteRoleCommand

    async with shop() as opened:
        await opened.delete_role(DeleteRoleCommand(actor=caller(), name=name))
    output.done(f"The role {name} is gone.", {"name": name})


def _limits(texts: list[str]) -> dict[str, int]:
    """`EUR=50.00`. Raises `role.invalid` with every fault."""
    limits, faults = {}, []
    for text in texts:
        code, _, amount = text.partition("=")
        try:
            limits[code] = Money.parse(amount, code).amount
        except Invalid as error:
            faults.append(Fault(text, f"write CURRENCY=AMOUNT, such as EUR=50.00: {error.detail}"))
    if faults:
        raise Invalid("role.invalid", "These are no refund limits.", *faults)
    return limits


def _words(limits: dict[str, int] | None) -> str | None:
    return None if limits is None else ", ".join(str(Money(amount, code)) for code, amount in limits.items())
