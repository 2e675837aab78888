"""Look through the trail of what tested or changed access."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import own_or
from tradepost.kernel.pages import Page, PageRequest
from tradepost.users.access import one_self
from tradepost.users.security_log import SecurityEvent, SecurityEventFilter, SecurityEventViews


class ListSecurityEventsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries, and which page of them."""

    actor: Actor
    wanted: SecurityEventFilter = SecurityEventFilter()
    page: PageRequest = PageRequest()


class ListSecurityEvents:
    """Everything, for staff with `security:read`; for everybody else, what is about their own account. Raises `auth.…`,
    NotFound and `page.invalid`."""

    access = own_or(Permission.SECURITY_READ, seen_with=Permission.USERS_READ)

    def __init__(self, views: SecurityEventViews) -> None:
        self._views = views

    async def __call__(self, query: ListSecurityEventsQuery) -> Page[SecurityEvent]:
        if query.wanted.user_id is None:
            self.access.require_held(query.actor)
        else:
            self.access.check(query.actor, one_self(query.wanted.user_id))
        return await self._views.list(query.wanted, query.page)
