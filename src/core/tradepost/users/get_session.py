"""Read the session one is signed in with."""

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.declared import signed_in
from tradepost.users.session_ports import SessionViews
from tradepost.users.sign_out import NoSession
from tradepost.users.views import SessionView


class GetSessionQuery(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor


class GetSession:
    """The session the query came in by. Raises `auth.no_session` for those who came without one."""

    access = signed_in()

    def __init__(self, views: SessionViews) -> None:
        self._views = views

    async def __call__(self, query: GetSessionQuery) -> SessionView:
        self.access.check(query.actor)
        facts = query.actor.session
        if facts is None or facts.kind == "key":
            raise NoSession
        return msgspec.structs.replace(await self._views.get(facts.id), current=True)
