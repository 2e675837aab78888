"""Users: opening an account, one's own profile, and what staff do with accounts."""

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from tradepost.customers import RegisterUser, RegisterUserCommand
from tradepost.kernel.access import Actor
from tradepost.kernel.errors import Kind
from tradepost.kernel.ids import id_pattern
from tradepost.orders import ListOrders, ListOrdersQuery, OrderFilter, OrderStatus, OrderSummary
from tradepost.users import (
    MAX_PASSWORD,
    MIN_PASSWORD,
    ChangePassword,
    ChangePasswordCommand,
    ChangeRole,
    ChangeRoleCommand,
    Client,
    DeleteUser,
    DeleteUserCommand,
    GetUser,
    GetUserQuery,
    ListUsers,
    ListUsersQuery,
    UpdateProfile,
    UpdateProfileCommand,
    UserFilter,
    UserStatus,
    UserView,
)
from tradepost_entrypoints.http.browsers import keep
from tradepost_entrypoints.http.endpoint import Refusal, endpoint
from tradepost_entrypoints.http.envelope import Many, Nothing, One
from tradepost_entrypoints.http.parameters import PageQuery
from tradepost_entrypoints.http.routes.orders import Email

UserId = Annotated[
    str,
    msgspec.Meta(
        pattern=f"^(me|{id_pattern('user')[1:-1]})$", max_length=40, description="A user's id, or `me` for your own."
    ),
]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Password = Annotated[
    str,
    msgspec.Meta(
        min_length=MIN_PASSWORD,
        max_length=MAX_PASSWORD,
        description=f"{MIN_PASSWORD} to {MAX_PASSWORD} characters, whichever you like.",
    ),
]

TAKEN = Refusal(
    Kind.CONFLICT,
    "user.email_taken",
    "There is an account with this e-mail address already; sign in, or use another one.",
)
GONE = Refusal(Kind.NOT_FOUND, "user.not_found", "There is no user 'user_01m7y7tsamexgajdq8dqk7k2b9'.")
STALE = Refusal(
    Kind.UNAUTHENTICATED,
    "auth.step_up_required",
    "Prove who you are once more: show your password (and second factor) again, then repeat this.",
    {"max_age": 600},
)
DELETED = Refusal(Kind.CONFLICT, "user.deleted", "This account has been deleted and can not be changed.")
LAST_OWNER = Refusal(
    Kind.CONFLICT, "user.last_owner", "This is the shop's last owner; make somebody else an owner first."
)


class RegisterBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who you are, and what you will sign in with."""

    email: Email
    name: Name
    password: Password


@endpoint(
    "POST",
    "/users",
    tag="Users",
    status=201,
    limit="credentials",
    errors=(TAKEN, Refusal(Kind.INVALID, "user.invalid", "This account can not be saved as it is: see errors.")),
    example={"email": "ada@example.com", "name": "Ada Lovelace", "password": "correct horse battery staple"},
)
async def register_user(data: RegisterBody, actor: Actor, client: Client, register_user: RegisterUser) -> One[UserView]:
    """Open an account, and become a customer. Then sign in. A letter of welcome comes with a link that proves the address.

    Takes no Idempotency-Key: a repeat is refused by its e-mail address.
    """
    view = await register_user(
        RegisterUserCommand(actor=actor, email=data.email, name=data.name, password=data.password, client=client)
    )
    return shown(view, status=201)


class UserQuery(PageQuery, frozen=True, kw_only=True):
    """Which users."""

    role: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    email: Annotated[str, msgspec.Meta(max_length=254)] | None = None
    status: UserStatus | None = None


@endpoint("GET", "/users", tag="Users")
async def list_users(query: UserQuery, actor: Actor, list_users: ListUsers) -> Many[UserView]:
    """All accounts, for staff. Sort by `created_at`."""
    wanted = UserFilter(role=query.role, email=query.email, status=query.status)
    return Many(await list_users(ListUsersQuery(actor=actor, wanted=wanted, page=query.page_request())), query)


@endpoint("GET", "/users/{user_id}", tag="Users", errors=(GONE,))
async def get_user(user_id: UserId, actor: Actor, get_user: GetUser) -> One[UserView]:
    """Your own account (`/users/me`); for staff, anybody's."""
    return shown(await get_user(GetUserQuery(actor=actor, user_id=whose(user_id, actor))))


class ProfileBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays as it is."""

    email: Email | UnsetType = UNSET
    name: Name | UnsetType = UNSET


@endpoint(
    "PATCH",
    "/users/{user_id}",
    tag="Users",
    limit="credentials",
    errors=(STALE, TAKEN, DELETED, GONE),
    example={"name": "Ada King"},
)
async def update_profile(
    user_id: UserId, data: ProfileBody, actor: Actor, expected_version: int | None, update_profile: UpdateProfile
) -> One[UserView]:
    """Change the name, or ask for another e-mail address to sign in with. A link goes there, and the address counts
    once it has been followed; until then it is `pending_email`. For that you have to have proved lately who you are."""
    view = await update_profile(
        UpdateProfileCommand(
            actor=actor,
            user_id=whose(user_id, actor),
            email=data.email,
            name=data.name,
            expected_version=expected_version,
        )
    )
    return shown(view)


class PasswordBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The one that was good until now, and the new one."""

    old_password: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
    new_password: Password


@endpoint(
    "POST",
    "/users/{user_id}/password",
    tag="Users",
    status=204,
    limit="credentials",
    errors=(
        Refusal(Kind.INVALID, "user.password_wrong", "This is not the password of the account."),
        DELETED,
        GONE,
    ),
    example={"old_password": "correct horse battery staple", "new_password": "a longer stretch of pasture"},
)
async def change_password(
    user_id: UserId, data: PasswordBody, actor: Actor, client: Client, change_password: ChangePassword
) -> Nothing:
    """Change your password. Your other sessions end, this one goes on; a browser gets a new cookie. Takes no
    Idempotency-Key."""
    secret = await change_password(
        ChangePasswordCommand(
            actor=actor,
            user_id=whose(user_id, actor),
            old_password=data.old_password,
            new_password=data.new_password,
            client=client,
        )
    )
    return Nothing(None if secret is None else keep(secret))


class RoleBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What they are to the shop from now on."""

    role: Annotated[
        str, msgspec.Meta(pattern="^[a-z][a-z0-9_-]{1,39}$", description="A built-in role or one of the shop's own.")
    ]


@endpoint(
    "PUT",
    "/users/{user_id}/role",
    tag="Users",
    errors=(LAST_OWNER, DELETED, GONE, Refusal(Kind.NOT_FOUND, "role.not_found", "There is no role 'clerk'.")),
    example={"role": "support"},
)
async def change_role(
    user_id: UserId,
    data: RoleBody,
    actor: Actor,
    client: Client,
    expected_version: int | None,
    change_role: ChangeRole,
) -> One[UserView]:
    """Make somebody staff, or a customer again. For the owner. Holds from their next request on."""
    view = await change_role(
        ChangeRoleCommand(
            actor=actor,
            user_id=whose(user_id, actor),
            role=data.role,
            expected_version=expected_version,
            client=client,
        )
    )
    return shown(view)


@endpoint("DELETE", "/users/{user_id}", tag="Users", status=204, errors=(LAST_OWNER, GONE))
async def delete_user(
    user_id: UserId, actor: Actor, client: Client, expected_version: int | None, delete_user: DeleteUser
) -> Nothing:
    """End an account: your own, or as the owner anybody's. The orders stay. Safe to repeat."""
    await delete_user(
        DeleteUserCommand(actor=actor, user_id=whose(user_id, actor), expected_version=expected_version, client=client)
    )
    return Nothing()


class OrdersOfQuery(PageQuery, frozen=True, kw_only=True):
    """Which of their orders."""

    status: OrderStatus | None = None


@endpoint("GET", "/users/{user_id}/orders", tag="Users", errors=(GONE,))
async def list_orders_of_user(
    user_id: UserId, query: OrdersOfQuery, actor: Actor, list_orders: ListOrders
) -> Many[OrderSummary]:
    """Your own orders (`/users/me/orders`); for staff, anybody's. Sort by `created_at`, `number` or `total`."""
    wanted = OrderFilter(user_id=whose(user_id, actor), status=query.status)
    return Many(await list_orders(ListOrdersQuery(actor=actor, wanted=wanted, page=query.page_request())), query)


def whose(user_id: str, actor: Actor) -> str:
    """`me` is whoever asks."""
    return actor.id if user_id == "me" else user_id


def shown(view: UserView, status: int = 200) -> One[UserView]:
    here = f"/users/{view.id}"
    links = {"orders": f"{here}/orders"}
    if view.customer_id is not None:
        links["customer"] = f"/customers/{view.customer_id}"
    return One(view, status=status, location=here, links=links)


ROUTES = (
    register_user,
    list_users,
    get_user,
    update_profile,
    change_password,
    change_role,
    delete_user,
    list_orders_of_user,
)
