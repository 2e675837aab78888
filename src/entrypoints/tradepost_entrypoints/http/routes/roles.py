"""Roles: what people who work in the shop may do, and why somebody may or may not."""

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from tradepost.kernel.access import Actor, Permission, Role
from tradepost.kernel.errors import Kind
from tradepost.kernel.ids import id_pattern
from tradepost.kernel.money import Money
from tradepost.users import (
    AccessView,
    ChangeCategories,
    ChangeCategoriesCommand,
    Client,
    CreateRole,
    CreateRoleCommand,
    DeleteRole,
    DeleteRoleCommand,
    ExplainAccess,
    ExplainAccessQuery,
    GetRole,
    GetRoleQuery,
    ListRoles,
    ListRolesQuery,
    RoleList,
    RoleView,
    UpdateRole,
    UpdateRoleCommand,
    UserView,
)
from tradepost_entrypoints.http.endpoint import Refusal, endpoint
from tradepost_entrypoints.http.envelope import Nothing, One
from tradepost_entrypoints.http.parameters import Query
from tradepost_entrypoints.http.routes.users import DELETED, GONE, UserId, shown, whose

_TAG = "Roles"
RoleName = Annotated[
    str, msgspec.Meta(pattern="^[a-z][a-z0-9_-]{1,39}$", max_length=40, description="Such as `support` or `clerk`.")
]
_Limits = Annotated[
    dict[
        Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")],
        Annotated[int, msgspec.Meta(ge=0, le=10**12, description="Minor units.")],
    ],
    msgspec.Meta(
        max_length=180,
        description="How much of each currency somebody may give back on one order, in minor units. null: without limit.",
        examples=[{"EUR": 5000}],
    ),
]
_Permissions = Annotated[tuple[Permission, ...], msgspec.Meta(max_length=100)]
_Category = Annotated[str, msgspec.Meta(pattern=id_pattern("cat"), max_length=40)]

_NO_ROLE = Refusal(Kind.NOT_FOUND, "role.not_found", "There is no role 'clerk'.")
_TOO_MUCH = Refusal(
    Kind.FORBIDDEN,
    "auth.escalation",
    "Nobody gives or takes away more than they may do themselves, and you may not do this: users:write.",
)
_BUILT_IN = Refusal(Kind.CONFLICT, "role.built_in", "Every shop has the role owner; it can not be deleted.")


@endpoint("GET", "/roles", tag=_TAG)
async def list_roles(actor: Actor, list_roles: ListRoles) -> One[RoleList]:
    """All roles, with what each includes: those every shop has, then the shop's own by name."""
    return One(await list_roles(ListRolesQuery(actor=actor)))


@endpoint("GET", "/roles/{name}", tag=_TAG, errors=(_NO_ROLE,))
async def get_role(name: RoleName, actor: Actor, get_role: GetRole) -> One[RoleView]:
    """One role, with what it includes."""
    return _role(await get_role(GetRoleQuery(actor=actor, name=name)))


class NewRoleBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A role includes all of its `base`, and the `permissions` besides."""

    name: RoleName
    base: Role | None = None
    permissions: _Permissions = ()
    refund_limits: _Limits | None = None


@endpoint(
    "POST",
    "/roles",
    tag=_TAG,
    status=201,
    errors=(
        Refusal(Kind.CONFLICT, "role.taken", "There is a role 'clerk' already; change that one, or take another name."),
        Refusal(Kind.CONFLICT, "role.too_many", "A shop has at most 100 roles of its own; delete one first."),
        Refusal(Kind.INVALID, "role.invalid", "The role can not be saved as it is: see errors."),
        _TOO_MUCH,
    ),
    example={"name": "clerk", "base": "support", "permissions": ["stock:write"], "refund_limits": {"EUR": 5000}},
)
async def create_role(data: NewRoleBody, actor: Actor, client: Client, create_role: CreateRole) -> One[RoleView]:
    """Define a role. Takes no Idempotency-Key: a repeat is refused by its name."""
    view = await create_role(
        CreateRoleCommand(
            actor=actor,
            name=data.name,
            base=data.base,
            permissions=data.permissions,
            refund_limits=data.refund_limits,
            client=client,
        )
    )
    return _role(view, status=201)


class RoleChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays as it is. Of support and manager the `refund_limits` alone can be changed."""

    base: Role | UnsetType | None = UNSET
    permissions: _Permissions | UnsetType = UNSET
    refund_limits: _Limits | UnsetType | None = UNSET


@endpoint(
    "PATCH",
    "/roles/{name}",
    tag=_TAG,
    errors=(
        _NO_ROLE,
        _BUILT_IN,
        Refusal(Kind.INVALID, "role.invalid", "The role can not be saved as it is: see errors."),
        _TOO_MUCH,
    ),
    example={"refund_limits": {"EUR": 10000}},
)
async def update_role(
    name: RoleName,
    data: RoleChanges,
    actor: Actor,
    client: Client,
    expected_version: int | None,
    update_role: UpdateRole,
) -> One[RoleView]:
    """Change what a role includes. Counts for everybody in it from their next request on."""
    view = await update_role(
        UpdateRoleCommand(
            actor=actor,
            name=name,
            base=data.base,
            permissions=data.permissions,
            refund_limits=data.refund_limits,
            expected_version=expected_version,
            client=client,
        )
    )
    return _role(view)


@endpoint(
    "DELETE",
    "/roles/{name}",
    tag=_TAG,
    status=204,
    errors=(
        _NO_ROLE,
        _BUILT_IN,
        Refusal(Kind.CONFLICT, "role.in_use", "There are users in the role 'clerk'; give them another one first."),
        _TOO_MUCH,
    ),
)
async def delete_role(
    name: RoleName, actor: Actor, client: Client, expected_version: int | None, delete_role: DeleteRole
) -> Nothing:
    """Delete a role of the shop's own that nobody has."""
    await delete_role(DeleteRoleCommand(actor=actor, name=name, expected_version=expected_version, client=client))
    return Nothing()


class CategoriesBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The categories, with all that lies under them. null: the whole catalog."""

    category_ids: Annotated[tuple[_Category, ...], msgspec.Meta(max_length=100)] | None


@endpoint(
    "PUT",
    "/users/{user_id}/categories",
    tag="Users",
    errors=(DELETED, GONE, _TOO_MUCH),
    example={"category_ids": ["cat_01m7y7tsamexgajdq8dqk7k2b9"]},
)
async def change_categories(
    user_id: UserId,
    data: CategoriesBody,
    actor: Actor,
    client: Client,
    expected_version: int | None,
    change_categories: ChangeCategories,
) -> One[UserView]:
    """Restrict somebody who may change products to a part of the catalog, or stop doing so."""
    view = await change_categories(
        ChangeCategoriesCommand(
            actor=actor,
            user_id=whose(user_id, actor),
            category_ids=data.category_ids,
            expected_version=expected_version,
            client=client,
        )
    )
    return shown(view)


class AccessQuery(Query, frozen=True, kw_only=True):
    """What they would do, and to what."""

    action: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            max_length=60,
            description="A permission or the name of an operation.",
            examples=["refunds:create", "refund_order"],
        ),
    ]
    resource: (
        Annotated[str, msgspec.Meta(max_length=60, description="The id of an order, a customer, a product, …")] | None
    ) = None
    amount: (
        Annotated[int, msgspec.Meta(ge=0, description="Minor units they would give back; all that is left otherwise.")]
        | None
    ) = None
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$", description="Of the amount.")] = "EUR"


@endpoint(
    "GET",
    "/users/{user_id}/access",
    tag="Users",
    errors=(
        GONE,
        Refusal(Kind.INVALID, "access.action_unknown", "Nothing is known of this: there is no action 'refunds:eat'."),
    ),
)
async def explain_access(
    user_id: UserId, query: AccessQuery, actor: Actor, explain_access: ExplainAccess
) -> One[AccessView]:
    """Whether somebody may do something, by which rule, and why. Nothing happens."""
    amount = None if query.amount is None else Money(query.amount, query.currency)
    view = await explain_access(
        ExplainAccessQuery(
            actor=actor,
            user_id=whose(user_id, actor),
            action=query.action,
            resource=query.resource,
            amount=amount,
        )
    )
    return One(view)


def _role(view: RoleView, status: int = 200) -> One[RoleView]:
    return One(view, status=status, location=f"/roles/{view.name}")


ROUTES = (list_roles, get_role, create_role, update_role, delete_role, change_categories, explain_access)
