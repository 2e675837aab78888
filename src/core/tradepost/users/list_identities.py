"""List the accounts elsewhere by which a user signs in."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import own_or
from tradepost.kernel.pages import Page, PageRequest
from tradepost.users.access import one_self
from tradepost.users.identity import Identity
from tradepost.users.identity_ports import IdentityViews


class ListIdentitiesQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Whose, and which page of them."""

    actor: Actor
    user_id: str
    page: PageRequest = PageRequest()


class ListIdentities:
    """One's own, or for staff anybody's. Raises NotFound and `page.invalid`."""

    access = own_or(Permission.USERS_READ)

    def __init__(self, views: IdentityViews) -> None:
        self._views = views

    async def __call__(self, query: ListIdentitiesQuery) -> Page[Identity]:
        self.access.check(query.actor, one_self(query.user_id))
        return await self._views.of_user(query.user_id, query.page)
