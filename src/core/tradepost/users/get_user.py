"""Read one user."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import own_or
from tradepost.users.access import one_self
from tradepost.users.ports import UserViews
from tradepost.users.views import UserView


class GetUserQuery(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    user_id: str


class GetUser:
    """One's own account, or for staff anybody's. Raises NotFound."""

    access = own_or(Permission.USERS_READ)

    def __init__(self, views: UserViews) -> None:
        self._views = views

    async def __call__(self, query: GetUserQuery) -> UserView:
        self.access.check(query.actor, one_self(query.user_id))
        return await self._views.get(query.user_id)
