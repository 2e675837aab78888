"""Roles of the shop's own: who may define them, what they count for, and that nobody hands out more than they have."""

from dataclasses import dataclass, field

import pytest

from tradepost.kernel.access import Actor, Permission, Role, operator
from tradepost.kernel.errors import TradepostError
from tradepost.kernel.pages import PageRequest
from tradepost.shop.roles import Roles
from tradepost.users.change_categories import ChangeCategoriesCommand
from tradepost.users.change_role import ChangeRole, ChangeRoleCommand
from tradepost.users.create_role import CreateRoleCommand
from tradepost.users.delete_role import DeleteRoleCommand
from tradepost.users.get_role import GetRoleQuery
from tradepost.users.list_roles import ListRolesQuery
from tradepost.users.role import MAX_ROLES, RoleDefinition
from tradepost.users.security_log import SecurityEventFilter
from tradepost.users.update_role import UpdateRoleCommand
from tradepost.users.user import User
from tradepost_adapters.contracts.users import a_user
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.simulated_gateway import open_gateway

OWNER = Actor(id="user_owner", role=Role.OWNER)
_HIRING = {Permission.ROLES_WRITE, Permission.ROLES_READ, Permission.USERS_WRITE, Permission.USERS_READ}
FOREMAN = Actor(
    id="user_foreman",
    role="foreman",
    permissions=frozenset({*_HIRING, Permission.ORDERS_READ, Permission.REFUNDS_CREATE}),
    refund_limits={"EUR": 5000},
)
"""May let people in, but may do little else."""


@dataclass
class Desk:
    backend: MemoryBackend = field(default_factory=MemoryBackend)

    def __post_init__(self) -> None:
        self.roles = Roles(self.backend, gateway=open_gateway("simulated://memory"), secret=b"s" * 32)
        shop = self.roles
        self.change_role = ChangeRole(self.backend.transactions, shop._clock, shop._ids)

    async def user(self, role: str = Role.CUSTOMER) -> User:
        user = a_user(f"{role}@example.com")
        user.role = role

        async def work(tx: object) -> None:
            await tx.users.add(user)  # type: ignore[attr-defined]

        await self.backend.transactions.run(work)
        return user

    async def trail(self) -> list[str]:
        page = await self.backend.security_event_views.list(SecurityEventFilter(), PageRequest())
        return [str(event.kind) for event in page.items]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def refused(code: str) -> "pytest.RaisesExc[TradepostError]":
    return pytest.raises(TradepostError, check=lambda error: error.code == code)


async def test_a_role_includes_its_base_and_what_is_added(desk: Desk) -> None:
    command = CreateRoleCommand(actor=OWNER, name="clerk", base="support", permissions=("stock:write",))
    made = await desk.roles.create_role(command)
    assert (made.version, made.built_in, made.permissions) == (1, False, ("stock:write",))
    assert {"stock:write", "orders:read", "refunds:create"} <= set(made.includes)
    assert await desk.roles.get_role(GetRoleQuery(actor=OWNER, name="clerk")) == made
    listed = await desk.roles.list_roles(ListRolesQuery(actor=OWNER))
    assert [role.name for role in listed.roles] == ["customer", "support", "manager", "owner", "clerk"]
    assert await desk.trail() == ["role.defined"]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"name": "Clerk!"}, "role.invalid"),
        ({"name": "clerk", "base": "auditor"}, "role.invalid"),
        ({"name": "clerk", "permissions": ("orders:eat",)}, "role.invalid"),
        ({"name": "clerk", "refund_limits": {"XXX1": 5}}, "role.invalid"),
        ({"name": "clerk", "refund_limits": {"EUR": -1}}, "role.invalid"),
        ({"name": "owner"}, "role.taken"),
    ],
)
async def test_what_is_no_role_is_refused(desk: Desk, wrong: dict[str, object], code: str) -> None:
    with refused(code):
        await desk.roles.create_role(CreateRoleCommand(actor=OWNER, **wrong))  # type: ignore[arg-type]
    assert await desk.trail() == []


async def test_a_shop_has_a_hundred_roles_of_its_own_at_most(desk: Desk) -> None:
    for number in range(MAX_ROLES):
        await desk.roles.create_role(CreateRoleCommand(actor=OWNER, name=f"role-{number}"))
    with refused("role.too_many"):
        await desk.roles.create_role(CreateRoleCommand(actor=OWNER, name="one-more"))


async def test_of_a_built_in_role_the_limits_alone_can_be_changed(desk: Desk) -> None:
    limits = UpdateRoleCommand(actor=OWNER, name="support", refund_limits={"EUR": 5000}, expected_version=0)
    assert (await desk.roles.update_role(limits)).refund_limits == {"EUR": 5000}
    for command in (
        UpdateRoleCommand(actor=OWNER, name="support", permissions=("users:write",)),
        UpdateRoleCommand(actor=OWNER, name="support", base="owner"),
        UpdateRoleCommand(actor=OWNER, name="owner", refund_limits={"EUR": 0}),
    ):
        with refused("role.built_in"):
            await desk.roles.update_role(command)
    with refused("role.built_in"):
        await desk.roles.delete_role(DeleteRoleCommand(actor=OWNER, name="support"))


async def test_a_role_that_somebody_has_can_not_be_deleted(desk: Desk) -> None:
    await desk.roles.create_role(CreateRoleCommand(actor=OWNER, name="clerk"))
    user = await desk.user()
    await desk.change_role(ChangeRoleCommand(actor=OWNER, user_id=user.id, role="clerk"))
    with refused("role.in_use"):
        await desk.roles.delete_role(DeleteRoleCommand(actor=OWNER, name="clerk"))
    await desk.change_role(ChangeRoleCommand(actor=OWNER, user_id=user.id, role="customer"))
    with refused("precondition.failed"):
        await desk.roles.delete_role(DeleteRoleCommand(actor=OWNER, name="clerk", expected_version=7))
    await desk.roles.delete_role(DeleteRoleCommand(actor=OWNER, name="clerk"))
    with refused("role.not_found"):
        await desk.change_role(ChangeRoleCommand(actor=OWNER, user_id=user.id, role="clerk"))


@pytest.mark.parametrize(
    "wanted",
    [
        {"base": "owner"},
        {"permissions": ("orders:write",)},
        {"permissions": ("refunds:create",)},
        {"permissions": ("refunds:create",), "refund_limits": {"EUR": 5001}},
        {"permissions": ("refunds:create",), "refund_limits": {"USD": 1}},
    ],
)
async def test_nobody_defines_a_role_that_can_do_more_than_they_may(desk: Desk, wanted: dict[str, object]) -> None:
    with refused("auth.escalation"):
        await desk.roles.create_role(CreateRoleCommand(actor=FOREMAN, name="clerk", **wanted))  # type: ignore[arg-type]
    await desk.roles.create_role(CreateRoleCommand(actor=FOREMAN, name="clerk", permissions=("orders:read",)))
    with refused("auth.escalation"):
        await desk.roles.update_role(UpdateRoleCommand(actor=FOREMAN, name="clerk", **wanted))  # type: ignore[arg-type]


async def test_nobody_touches_a_role_that_can_do_more_than_they_may(desk: Desk) -> None:
    await desk.roles.create_role(CreateRoleCommand(actor=OWNER, name="boss", base="manager"))
    with refused("auth.escalation"):
        await desk.roles.update_role(UpdateRoleCommand(actor=FOREMAN, name="boss", base=None))
    with refused("auth.escalation"):
        await desk.roles.delete_role(DeleteRoleCommand(actor=FOREMAN, name="boss"))


async def test_nobody_gives_a_role_that_can_do_more_nor_takes_one_away(desk: Desk) -> None:
    user, manager = await desk.user(), await desk.user(Role.MANAGER)
    for who, role in ((user, "owner"), (user, "support"), (manager, "customer")):
        with refused("auth.escalation"):
            await desk.change_role(ChangeRoleCommand(actor=FOREMAN, user_id=who.id, role=role))
    limited = CreateRoleCommand(actor=OWNER, name="clerk", permissions=("refunds:create",), refund_limits={"EUR": 5000})
    await desk.roles.create_role(limited)
    changed = await desk.change_role(ChangeRoleCommand(actor=FOREMAN, user_id=user.id, role="clerk"))
    assert changed.role == "clerk"
    with refused("auth.escalation"):
        restrict = ChangeCategoriesCommand(actor=FOREMAN, user_id=manager.id, category_ids=("cat_1",))
        await desk.roles.change_categories(restrict)


async def test_who_is_restricted_to_categories_restricts_others_at_least_as_much(desk: Desk) -> None:
    manager = await desk.user(Role.MANAGER)
    own = Actor(id="user_o", role=Role.OWNER, categories=frozenset({"cat_1"}))

    def restrict(actor: Actor, *category_ids: str) -> ChangeCategoriesCommand:
        return ChangeCategoriesCommand(actor=actor, user_id=manager.id, category_ids=category_ids)

    with refused("auth.escalation"):  # the manager has the whole catalog
        await desk.roles.change_categories(restrict(own, "cat_1"))
    changed = await desk.roles.change_categories(restrict(operator(), "cat_1", "cat_1"))
    assert changed.categories == ("cat_1",)
    with refused("auth.escalation"):
        await desk.roles.change_categories(restrict(own, "cat_1", "cat_2"))
    assert (await desk.roles.change_categories(restrict(own))).categories == ()
    assert await desk.trail() == ["categories.changed", "categories.changed"]
    with refused("user.invalid"):
        await desk.roles.change_categories(restrict(OWNER, *(f"cat_{number}" for number in range(101))))


def test_a_permission_that_this_release_does_not_know_is_left_out() -> None:
    role = RoleDefinition(name="clerk", permissions=("orders:read", "orders:eat"))
    assert role.held() == {Permission.ORDERS_READ}
