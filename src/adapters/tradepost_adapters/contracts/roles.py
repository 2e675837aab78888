"""What every adapter of roles keeps to."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from typing import Protocol

import msgspec
import pytest

from tradepost.kernel.access import GRANTS, Permission, Role
from tradepost.kernel.errors import NotFound
from tradepost.kernel.transactions import StaleVersion, Transactions
from tradepost.users.role import RoleDefinition, RoleInUse, RoleTaken
from tradepost.users.role_ports import RoleViews, UserRolesTx
from tradepost.users.user import User
from tradepost_adapters.contracts.users import NOW, a_user

CLERK = RoleDefinition(
    name="clerk", base="support", permissions=("stock:write",), refund_limits={"EUR": 5000, "JPY": 0}
)


class RolesAdapter(Protocol):
    """An adapter under test, empty at the start of each test."""

    @property
    def transactions(self) -> Transactions[UserRolesTx]: ...

    @property
    def role_views(self) -> RoleViews: ...


class RolesContract:
    """Bind it with a fixture `roles` that gives a `RolesAdapter`."""

    async def test_a_role_comes_back_as_it_was_written(self, roles: RolesAdapter) -> None:
        await _add(roles, CLERK)
        stored = msgspec.structs.replace(CLERK, version=1)
        assert await _get(roles, "clerk") == stored
        assert await roles.role_views.get("clerk") == stored
        assert stored.held() == GRANTS[Role.SUPPORT] | {Permission.STOCK_WRITE}
        await _add(roles, RoleDefinition(name="auditor", permissions=("orders:read",)))
        assert (await roles.role_views.get("auditor")).refund_limits is None

    async def test_roles_that_every_shop_has_are_there_without_being_written(self, roles: RolesAdapter) -> None:
        for name in GRANTS:
            assert await _get(roles, name) == await roles.role_views.get(name) == RoleDefinition(name=name)
        assert await _count(roles) == 0

    async def test_they_are_all_listed_the_built_in_ones_first(self, roles: RolesAdapter) -> None:
        await _add(roles, RoleDefinition(name="zebra"))
        await _add(roles, RoleDefinition(name="auditor"))
        await _save(roles, RoleDefinition(name="support", refund_limits={"EUR": 1}))
        listed = await roles.role_views.all()
        assert [role.name for role in listed] == [*GRANTS, "auditor", "zebra"]
        assert [role.version for role in listed] == [0, 1, 0, 0, 1, 1]
        assert await _count(roles) == 2

    async def test_a_name_is_given_once(self, roles: RolesAdapter) -> None:
        results = await asyncio.gather(*[_add(roles, CLERK) for _ in range(3)], return_exceptions=True)
        assert [type(error) for error in results if error is not None] == [RoleTaken, RoleTaken]

    async def test_a_change_is_saved_once_for_each_version(self, roles: RolesAdapter) -> None:
        await _add(roles, CLERK)
        first = await _get(roles, "clerk")
        saved = await _save(roles, msgspec.structs.replace(first, base=None, permissions=(), refund_limits=None))
        assert (saved.version, await roles.role_views.get("clerk")) == (2, saved)
        with pytest.raises(StaleVersion):
            await _save(roles, first)

    async def test_a_built_in_role_can_be_given_limits_and_lose_them(self, roles: RolesAdapter) -> None:
        plain = await _get(roles, "support")
        limited = await _save(roles, msgspec.structs.replace(plain, refund_limits={"EUR": 5000}))
        assert (limited.version, await roles.role_views.get("support")) == (1, limited)
        with pytest.raises(StaleVersion):
            await _save(roles, plain)
        free = await _save(roles, msgspec.structs.replace(limited, refund_limits=None))
        assert (await roles.role_views.get("support")).refund_limits is None
        assert free.version == 2

    async def test_who_is_not_there_is_not_found(self, roles: RolesAdapter) -> None:
        with pytest.raises(NotFound):
            await _get(roles, "nobody")
        with pytest.raises(NotFound):
            await roles.role_views.get("nobody")

    async def test_a_role_is_removed_unless_somebody_has_it(self, roles: RolesAdapter) -> None:
        await _add(roles, CLERK)
        user = a_user("ada@example.com")
        user.role = "clerk"

        async def hire(tx: UserRolesTx) -> None:
            await tx.users.add(user)

        await roles.transactions.run(hire)
        with pytest.raises(RoleInUse):
            await _remove(roles, "clerk")

        async def leave(tx: UserRolesTx) -> None:
            found = await tx.users.get(user.id)
            found.delete(owners=(), at=NOW)
            await tx.users.save(found)

        await roles.transactions.run(leave)
        await _remove(roles, "clerk")
        with pytest.raises(NotFound):
            await _get(roles, "clerk")

    async def test_of_giving_a_role_and_deleting_it_at_the_same_moment_one_happens(self, roles: RolesAdapter) -> None:
        for number in range(5):
            name = f"role{number}"
            await _add(roles, RoleDefinition(name=name))
            user = a_user(f"{name}@example.com")

            async def hire(tx: UserRolesTx, user: User = user, name: str = name) -> None:
                user.version = 0
                user.role = (await tx.roles.get(name)).name
                await tx.users.add(user)

            results = await asyncio.gather(roles.transactions.run(hire), _remove(roles, name), return_exceptions=True)
            lost = [error for error in results if error is not None]
            assert [type(error) for error in lost] in ([NotFound], [RoleInUse])


async def _add(roles: RolesAdapter, role: RoleDefinition) -> None:
    async def work(tx: UserRolesTx) -> None:
        await tx.roles.add(role)

    await roles.transactions.run(work)


async def _get(roles: RolesAdapter, name: str) -> RoleDefinition:
    async def work(tx: UserRolesTx) -> RoleDefinition:
        return await tx.roles.get(name)

    return await roles.transactions.run(work)


async def _count(roles: RolesAdapter) -> int:
    async def work(tx: UserRolesTx) -> int:
        return await tx.roles.count()

    return await roles.transactions.run(work)


async def _save(roles: RolesAdapter, role: RoleDefinition) -> RoleDefinition:
    async def work(tx: UserRolesTx) -> RoleDefinition:
        return await tx.roles.save(role)

    return await roles.transactions.run(work)


async def _remove(roles: RolesAdapter, name: str) -> None:
    async def work(tx: UserRolesTx) -> None:
        await tx.roles.remove(await tx.roles.get(name))

    await roles.transactions.run(work)
