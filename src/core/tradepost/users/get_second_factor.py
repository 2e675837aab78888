"""Read whether somebody signs in with a second factor."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import own_or
from tradepost.users.access import one_self
from tradepost.users.ports import UserViews
from tradepost.users.second_factor import SecondFactorView
from tradepost.users.second_factor_ports import SecondFactorViews


class GetSecondFactorQuery(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    user_id: str


class GetSecondFactor:
    """One's own, or for staff anybody's. Raises NotFound."""

    access = own_or(Permission.USERS_READ)

    def __init__(self, users: UserViews, views: SecondFactorViews) -> None:
        self._users = users
        self._views = views

    async def __call__(self, query: GetSecondFactorQuery) -> SecondFactorView:
        self.access.check(query.actor, one_self(query.user_id))
        await self._users.get(query.user_id)
        return await self._views.of(query.user_id)
