"""Look through the trail of what tested or changed access."""

import msgspec

from tradepost.kernel.access import GUEST, Actor, Permission
from tradepost.kernel.declared import own_or
from tradepost.kernel.pages import Page, PageRequest
from tradepost.users.access import one_self
from tradepost.users.client import Client
from tradepost.users.security_log import SecurityEvent, SecurityEventFilter, SecurityEventViews


class ListSecurityEventsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries, and which page of them."""

    actor: Actor
    wanted: SecurityEventFilter = SecurityEventFilter()
    page: PageRequest = PageRequest()


class ListSecurityEvents:
    """Everything, for staff with `security:read`; for everybody else, what is about their own account, without where others
    (staff who suspended them, say) were when they did it: that is those others' personal data. Raises `auth.…`, NotFound
    and `page.invalid`."""

    access = own_or(Permission.SECURITY_READ, seen_with=Permission.USERS_READ)

    def __init__(self, views: SecurityEventViews) -> None:
        self._views = views

    async def __call__(self, query: ListSecurityEventsQuery) -> Page[SecurityEvent]:
        if query.wanted.user_id is None:
            self.access.require_held(query.actor)
        else:
            self.access.check(query.actor, one_self(query.wanted.user_id))
        found = await self._views.list(query.wanted, query.page)
        if self.access.held_by(query.actor):
            return found
        return msgspec.structs.replace(found, items=tuple(_for(query.actor, entry) for entry in found.items))


def _for(actor: Actor, entry: SecurityEvent) -> SecurityEvent:
    """As whom it is about may see it: all of what they did, or a stranger tried."""
    if entry.actor_id in (actor.id, GUEST.id):
        return entry
    return msgspec.structs.replace(entry, client=Client(), session_id=None)
