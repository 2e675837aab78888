"""List the users."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.kernel.pages import Page, PageRequest
from tradepost.users.ports import UserFilter, UserViews
from tradepost.users.views import UserView


class ListUsersQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which users, and which page of them."""

    actor: Actor
    wanted: UserFilter = UserFilter()
    page: PageRequest = PageRequest()


class ListUsers:
    """For staff. Raises `auth.…` and `page.invalid`."""

    access = staff(Permission.USERS_READ)

    def __init__(self, views: UserViews) -> None:
        self._views = views

    async def __call__(self, query: ListUsersQuery) -> Page[UserView]:
        self.access.check(query.actor)
        return await self._views.list(query.wanted, query.page)
