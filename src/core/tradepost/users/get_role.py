"""Look at one role."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.users.role_ports import RoleView, RoleViews


class GetRoleQuery(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    name: str


class GetRole:
    """A built-in one or one of the shop's own. Raises `role.not_found`."""

    access = staff(Permission.ROLES_READ)

    def __init__(self, views: RoleViews) -> None:
        self._views = views

    async def __call__(self, query: GetRoleQuery) -> RoleView:
        self.access.check(query.actor)
        return RoleView.of(await self._views.get(query.name))
