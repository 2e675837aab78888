"""A user's sessions, and keeping users out: what they see of it themselves, and what staff do."""

from typing import Annotated

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.errors import Kind
from tradepost.kernel.ids import id_pattern
from tradepost.users import (
    Client,
    EndSession,
    EndSessionCommand,
    EndSessions,
    EndSessionsCommand,
    ListSessions,
    ListSessionsQuery,
    RestoreUser,
    RestoreUserCommand,
    SessionView,
    SuspendUser,
    SuspendUserCommand,
    UserView,
)
from tradepost_entrypoints.http.endpoint import Refusal, endpoint
from tradepost_entrypoints.http.envelope import Many, Nothing, One
from tradepost_entrypoints.http.parameters import PageQuery
from tradepost_entrypoints.http.routes.users import DELETED, GONE, LAST_OWNER, STALE, UserId, shown, whose

SessionId = Annotated[str, msgspec.Meta(pattern=id_pattern("sess"), max_length=40)]

_NO_SESSION = Refusal(Kind.NOT_FOUND, "session.not_found", "There is no session 'sess_01m7y7tsamexgajdq8dqk7k2b9'.")


@endpoint("GET", "/users/{user_id}/sessions", tag="Users", errors=(GONE,))
async def list_sessions(
    user_id: UserId, query: PageQuery, actor: Actor, list_sessions: ListSessions
) -> Many[SessionView]:
    """Where you are signed in (`/users/me/sessions`); for staff, anybody's. Sort by `last_seen_at`, `created_at`."""
    wanted = ListSessionsQuery(actor=actor, user_id=whose(user_id, actor), page=query.page_request())
    return Many(await list_sessions(wanted), query)


@endpoint(
    "DELETE", "/users/{user_id}/sessions/{session_id}", tag="Users", status=204, errors=(STALE, GONE, _NO_SESSION)
)
async def end_session(
    user_id: UserId, session_id: SessionId, actor: Actor, client: Client, end_session: EndSession
) -> Nothing:
    """End a session, at once: your own, or as the owner anybody's. For that you have to have proved lately who you are; to
    end the one you ask in, sign out. Safe to repeat."""
    command = EndSessionCommand(actor=actor, user_id=whose(user_id, actor), session_id=session_id, client=client)
    await end_session(command)
    return Nothing()


@endpoint("DELETE", "/users/{user_id}/sessions", tag="Users", status=204, errors=(STALE, GONE))
async def end_sessions(user_id: UserId, actor: Actor, client: Client, end_sessions: EndSessions) -> Nothing:
    """End your other sessions, at once: all but the one that asks. As the owner, all of somebody else's. For that you have
    to have proved lately who you are. Safe to repeat."""
    await end_sessions(EndSessionsCommand(actor=actor, user_id=whose(user_id, actor), client=client))
    return Nothing()


@endpoint("POST", "/users/{user_id}/suspend", tag="Users", errors=(LAST_OWNER, DELETED, GONE))
async def suspend_user(
    user_id: UserId, actor: Actor, client: Client, expected_version: int | None, suspend_user: SuspendUser
) -> One[UserView]:
    """Keep somebody out, from their next request on, until they are restored. For the owner. Safe to repeat."""
    command = SuspendUserCommand(
        actor=actor, user_id=whose(user_id, actor), expected_version=expected_version, client=client
    )
    return shown(await suspend_user(command))


@endpoint("POST", "/users/{user_id}/restore", tag="Users", errors=(DELETED, GONE))
async def restore_user(
    user_id: UserId, actor: Actor, client: Client, expected_version: int | None, restore_user: RestoreUser
) -> One[UserView]:
    """Let somebody who was suspended sign in again. For the owner. Safe to repeat."""
    command = RestoreUserCommand(
        actor=actor, user_id=whose(user_id, actor), expected_version=expected_version, client=client
    )
    return shown(await restore_user(command))


ROUTES = (list_sessions, end_session, end_sessions, suspend_user, restore_user)
