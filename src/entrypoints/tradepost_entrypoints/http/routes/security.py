"""The trail of what tested or changed access."""

from typing import Annotated

import msgspec

from tradepost.kernel.access import Actor
from tradepost.users import (
    ListSecurityEvents,
    ListSecurityEventsQuery,
    SecurityEvent,
    SecurityEventFilter,
    SecurityEventKind,
)
from tradepost_entrypoints.http.endpoint import endpoint
from tradepost_entrypoints.http.envelope import Many
from tradepost_entrypoints.http.parameters import PageQuery
from tradepost_entrypoints.http.routes.users import UserId


class OwnSecurityQuery(PageQuery, frozen=True, kw_only=True):
    """Which entries about an account."""

    kind: SecurityEventKind | None = None


class SecurityQuery(OwnSecurityQuery, frozen=True, kw_only=True):
    """Which entries."""

    user_id: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    actor_id: Annotated[str, msgspec.Meta(max_length=100)] | None = None


@endpoint("GET", "/security-events", tag="Access")
async def list_security_events(
    query: SecurityQuery, actor: Actor, list_security_events: ListSecurityEvents
) -> Many[SecurityEvent]:
    """Who signed in or failed to, and who changed what about access. For the owner. Sort by `at`."""
    wanted = SecurityEventFilter(kind=query.kind, user_id=query.user_id, actor_id=query.actor_id)
    return await _listed(list_security_events, wanted, query, actor)


@endpoint("GET", "/users/{user_id}/security-events", tag="Access")
async def list_security_events_of_user(
    user_id: UserId, query: OwnSecurityQuery, actor: Actor, list_security_events: ListSecurityEvents
) -> Many[SecurityEvent]:
    """What happened around an account: your own (`/users/me/security-events`), or as the owner anybody's. Sort by `at`."""
    whose = actor.id if user_id == "me" else user_id
    return await _listed(list_security_events, SecurityEventFilter(kind=query.kind, user_id=whose), query, actor)


async def _listed(
    list_security_events: ListSecurityEvents, wanted: SecurityEventFilter, query: PageQuery, actor: Actor
) -> Many[SecurityEvent]:
    page = query.page_request()
    return Many(await list_security_events(ListSecurityEventsQuery(actor=actor, wanted=wanted, page=page)), query)


ROUTES = (list_security_events, list_security_events_of_user)
