"""List a user's sessions."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own_or
from tradepost.kernel.pages import Page, PageRequest
from tradepost.users.access import one_self
from tradepost.users.session_ports import SessionViews
from tradepost.users.views import SessionView


class ListSessionsQuery(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    user_id: str
    page: PageRequest = PageRequest()


class ListSessions:
    """The sessions that are good now, the one seen last first; `current` is the one that asks. One's own, or for staff
    anybody's. Raises NotFound and
    `page.invalid`."""

    access = own_or(Permission.USERS_READ)

    def __init__(self, views: SessionViews, clock: Clock) -> None:
        self._views = views
        self._clock = clock

    async def __call__(self, query: ListSessionsQuery) -> Page[SessionView]:
        self.access.check(query.actor, one_self(query.user_id))
        found = await self._views.of_user(query.user_id, self._clock.now(), query.page)
        mine = None if query.actor.session is None else query.actor.session.id
        shown = (msgspec.structs.replace(each, current=True) if each.id == mine else each for each in found.items)
        return msgspec.structs.replace(found, items=tuple(shown))
