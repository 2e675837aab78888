"""`tradepost users`: who may sign in, and as what."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tradepost.kernel.errors import NotFound
from tradepost.kernel.money import Money
from tradepost.kernel.pages import PageRequest
from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.group import Group
from tradepost_entrypoints.cli.passwords import ask_password
from tradepost_entrypoints.cli.shop import caller, shop

if TYPE_CHECKING:  # the features take longer to import than help takes to show
    from tradepost.shop import Shop
    from tradepost.users.views import UserView

users = Group(help="Who may sign in, and as what.")

Who = Annotated[str, typer.Argument(help="The user's id or e-mail address.", show_default=False)]

_FIELDS: "output.Fields[UserView]" = {
    "Id": lambda user: user.id,
    "E-mail": lambda user: user.email,
    "Verified": lambda user: user.email_verified_at,
    "Wants to have": lambda user: user.pending_email,
    "Name": lambda user: user.name,
    "Role": lambda user: user.role,
    "Status": lambda user: user.status,
    "Customer": lambda user: user.customer_id,
    "Created": lambda user: user.created_at,
}
_COLUMNS = {name: _FIELDS[name] for name in ("Id", "E-mail", "Name", "Role", "Status", "Created")}


@users.command("create", uses=("register_user",))
async def create(
    email: Annotated[str, typer.Argument(help="What they sign in with.", show_default=False)],
    name: Annotated[str, typer.Option(help="What they are called.", show_default=False)],
    role: Annotated[str, typer.Option(help="What they are to the shop: a built-in role or your own.")] = "customer",
) -> None:
    """Open an account. Asks for the password, or takes it from standard input."""
    from tradepost.customers.register_user import RegisterUserCommand

    password = ask_password("Password")
    async with shop() as opened:
        command = RegisterUserCommand(actor=caller(), email=email, name=name, password=password, role=role)
        user = await opened.register_user(command)
    output.done(f"{user.email} may sign in now, as {user.role} ({user.id}).", user)


@users.command("list", uses=("list_users",))
async def list_(
    role: Annotated[str | None, typer.Option(help="Only these.", show_default=False)] = None,
    email: Annotated[str | None, typer.Option(help="Only the one with this address.", show_default=False)] = None,
    status: Annotated[
        Literal["active", "suspended", "deleted"] | None, typer.Option(help="Only these.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=100)] = 20,
    cursor: Annotated[str | None, typer.Option(help="Where the last list ended.", show_default=False)] = None,
) -> None:
    """List the accounts, newest first."""
    from tradepost.users.list_users import ListUsersQuery
    from tradepost.users.ports import UserFilter
    from tradepost.users.user import UserStatus

    wanted = UserFilter(role=role, email=email, status=UserStatus(status) if status else None)
    async with shop() as opened:
        query = ListUsersQuery(actor=caller(), wanted=wanted, page=PageRequest(limit=limit, cursor=cursor))
        page = await opened.list_users(query)
    output.listing(page, _COLUMNS, empty="There is no such user.")


@users.command("show", uses=("get_user", "list_users", "get_second_factor"))
async def show(who: Who) -> None:
    """Show one account."""
    import msgspec

    from tradepost.users.get_second_factor import GetSecondFactorQuery

    async with shop() as opened:
        user = await find(opened, who)
        second = await opened.get_second_factor(GetSecondFactorQuery(actor=caller(), user_id=user.id))
    steps = f"yes, {second.recovery_codes_left} recovery codes left" if second.enabled else "no"
    whole = {**msgspec.to_builtins(user), "second_factor": msgspec.to_builtins(second)}
    output.show(user, {**_FIELDS, "Second factor": lambda _: steps}, whole=whole)


@users.command("role", uses=("change_role", "get_user", "list_users"))
async def role(
    who: Who, role: Annotated[str, typer.Argument(help="What they are from now on.", show_default=False)]
) -> None:
    """Change what somebody is to the shop. Holds from their next request on."""
    from tradepost.users.change_role import ChangeRoleCommand

    async with shop() as opened:
        found = await find(opened, who)
        user = await opened.change_role(ChangeRoleCommand(actor=caller(), user_id=found.id, role=role))
    output.done(f"{user.email} is {user.role} now.", user)


@users.command("delete", uses=("delete_user", "get_user", "list_users"))
async def delete(
    who: Who, yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether you are sure.")] = False
) -> None:
    """End an account. Its e-mail address is free again, its orders stay."""
    from tradepost.users.delete_user import DeleteUserCommand

    async with shop() as opened:
        found = await find(opened, who)
        if not yes:
            typer.confirm(f"End the account of {found.email or found.id}?", abort=True, err=True)
        await opened.delete_user(DeleteUserCommand(actor=caller(), user_id=found.id))
        user = await find(opened, found.id)
    output.done(f"{found.email or found.id} can not sign in any more.", user)


@users.command("password", uses=("change_password", "get_user", "list_users"))
async def password(who: Who) -> None:
    """Give an account a new password, and end its sessions. Asks for it, or takes it from standard input."""
    from tradepost.users.change_password import ChangePasswordCommand

    given = ask_password("New password")
    async with shop() as opened:
        found = await find(opened, who)
        await opened.change_password(ChangePasswordCommand(actor=caller(), user_id=found.id, new_password=given))
        user = await find(opened, found.id)
    output.done(f"{user.email} signs in with the new password from now on.", user)


@users.command("send-reset", uses=("request_password_reset", "get_user", "list_users"))
async def send_reset(who: Who) -> None:
    """Have a link sent to somebody by which they choose a new password. At most three are good at a time."""
    from tradepost.users.request_password_reset import RequestPasswordResetCommand

    async with shop() as opened:
        user = await find(opened, who)
        if user.email is None:
            raise NotFound("user", who)
        await opened.request_password_reset(RequestPasswordResetCommand(email=user.email, actor=caller()))
    output.done(f"{user.email} is sent a link, good for half an hour.", user)


@users.command("send-verification", uses=("request_email_verification", "get_user", "list_users"))
async def send_verification(who: Who) -> None:
    """Have the link sent again by which somebody proves their address, or the one they want to have instead."""
    from tradepost.users.request_email_verification import RequestEmailVerificationCommand

    async with shop() as opened:
        user = await find(opened, who)
        command = RequestEmailVerificationCommand(actor=caller(), user_id=user.id)
        await opened.request_email_verification(command)
    proved = user.email_verified_at is not None and user.pending_email is None
    words = f"{user.email} is verified already." if proved else f"{user.pending_email or user.email} is sent a link."
    output.done(words, user)


@users.command("restrict", uses=("change_categories", "get_user", "list_users"))
async def restrict(
    who: Who,
    categories: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CATEGORY]...", help="Ids of categories; none: the whole catalog.", show_default=False),
    ] = None,
) -> None:
    """Let somebody change these parts of the catalog alone, with all that lies under them; or all of it again."""
    from tradepost.users.change_categories import ChangeCategoriesCommand

    async with shop() as opened:
        found = await find(opened, who)
        command = ChangeCategoriesCommand(
            actor=caller(), user_id=found.id, category_ids=tuple(categories) if categories else None
        )
        user = await opened.change_categories(command)
    part = "the whole catalog" if user.categories is None else ", ".join(user.categories)
    output.done(f"{user.email} may change {part}, as far as the role {user.role} lets them.", user)


@users.command("can", uses=("explain_access", "get_user", "list_users"))
async def can(
    who: Who,
    action: Annotated[str, typer.Argument(help="Such as refunds:create, or refund_order.", show_default=False)],
    resource: Annotated[
        str | None, typer.Argument(help="The id of what it is done to: an order, a product, …", show_default=False)
    ] = None,
    amount: Annotated[
        str | None,
        typer.Option(metavar="AMOUNT", help="What they would give back: '60.00 EUR'; all that is left otherwise."),
    ] = None,
) -> None:
    """Say whether somebody may do something, and why. Ends with exit code 1 if not."""
    from tradepost.users.explain_access import ExplainAccessQuery

    async with shop() as opened:
        found = await find(opened, who)
        query = ExplainAccessQuery(
            actor=caller(), user_id=found.id, action=action, resource=resource, amount=_money(amount)
        )
        view = await opened.explain_access(query)
    output.done(f"{'yes' if view.allowed else 'no'}: {view.reason} (role {view.role}, rule {view.rule})", view)
    if not view.allowed:
        raise typer.Exit(1)


def _money(text: str | None) -> Money | None:
    if text is None:
        return None
    number, _, code = text.strip().partition(" ")
    return Money.parse(number, code)


async def find(opened: "Shop", who: str) -> "UserView":
    from tradepost.users.get_user import GetUserQuery
    from tradepost.users.list_users import ListUsersQuery
    from tradepost.users.ports import UserFilter

    if "@" not in who:
        return await opened.get_user(GetUserQuery(actor=caller(), user_id=who))
    page = await opened.list_users(ListUsersQuery(actor=caller(), wanted=UserFilter(email=who)))
    if not page.items:
        raise NotFound("user", who)
    return page.items[0]
