"""List the roles."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.users.role_ports import RoleView, RoleViews


class ListRolesQuery(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor


class RoleList(msgspec.Struct, frozen=True, kw_only=True):
    """All roles: those every shop has, then the shop's own by name."""

    roles: tuple[RoleView, ...]


class ListRoles:
    """All of them at once: a shop has few."""

    access = staff(Permission.ROLES_READ)

    def __init__(self, views: RoleViews) -> None:
        self._views = views

    async def __call__(self, query: ListRolesQuery) -> RoleList:
        self.access.check(query.actor)
        return RoleList(roles=tuple(RoleView.of(role) for role in await self._views.all()))
