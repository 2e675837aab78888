"""What every adapter of the security trail keeps to."""

# ruff: noqa: S101 - a suite asserts

from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from tradepost.kernel.access import Actor, SessionFacts, operator
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.pages import PageRequest
from tradepost.kernel.transactions import Transactions
from tradepost.users.client import Client
from tradepost.users.security_log import (
    HasSecurityLog,
    SecurityEvent,
    SecurityEventFilter,
    SecurityEventKind,
    SecurityEventViews,
    security_event,
)

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
_ids = TypeIds()
_ADA = Actor(id=_ids.new("user"), role="customer", session=SessionFacts(id="sess_1", kind="token"))
_ANY = SecurityEventFilter()
_CLIENT = Client(address="192.0.2.1", user_agent="curl/8")


class SecurityLogAdapter(Protocol):
    """An adapter under test, empty at the start of each test."""

    @property
    def transactions(self) -> Transactions[HasSecurityLog]: ...

    @property
    def security_event_views(self) -> SecurityEventViews: ...


def an_event(kind: SecurityEventKind, *, actor: Actor = _ADA, ago: timedelta = timedelta(0)) -> SecurityEvent:
    return security_event(
        kind, ids=_ids, at=NOW - ago, actor=actor, user_id=_ADA.id, client=_CLIENT, reason="for the test"
    )


class SecurityLogContract:
    """Bind it with a fixture `trail` that gives a `SecurityLogAdapter`."""

    async def test_an_entry_comes_back_as_it_was_written(self, trail: SecurityLogAdapter) -> None:
        wanted = an_event(SecurityEventKind.SIGN_IN_SUCCEEDED)
        await _record(trail, wanted)
        assert (await _all(trail)) == (wanted,)
        assert (wanted.session_id, wanted.data) == ("sess_1", {"reason": "for the test"})

    async def test_an_entry_from_nowhere_about_nobody_is_kept(self, trail: SecurityLogAdapter) -> None:
        wanted = security_event(SecurityEventKind.SIGN_IN_FAILED, ids=_ids, at=NOW, actor=operator())
        await _record(trail, wanted)
        assert (await _all(trail)) == (wanted,)

    async def test_nothing_is_kept_of_a_transaction_that_fails(self, trail: SecurityLogAdapter) -> None:
        async def work(tx: HasSecurityLog) -> None:
            await tx.security_log.record(an_event(SecurityEventKind.ROLE_CHANGED))
            raise LookupError

        with pytest.raises(LookupError):
            await trail.transactions.run(work)
        assert await _all(trail) == ()

    async def test_the_newest_comes_first_and_pages_go_on(self, trail: SecurityLogAdapter) -> None:
        events = [an_event(SecurityEventKind.SIGN_IN_FAILED, ago=timedelta(minutes=each)) for each in range(5)]
        await _record(trail, *events)
        first = await trail.security_event_views.list(_ANY, PageRequest(limit=3))
        rest = await trail.security_event_views.list(_ANY, PageRequest(limit=3, cursor=first.next_cursor))
        assert first.items + rest.items == tuple(events)

    async def test_a_list_can_be_about_one_kind_one_user_or_one_actor(self, trail: SecurityLogAdapter) -> None:
        mine = an_event(SecurityEventKind.ROLE_CHANGED, actor=operator())
        other = security_event(SecurityEventKind.SIGN_IN_FAILED, ids=_ids, at=NOW, actor=_ADA, user_id="user_other")
        await _record(trail, mine, other)
        assert await _all(trail, SecurityEventFilter(kind=SecurityEventKind.ROLE_CHANGED)) == (mine,)
        assert await _all(trail, SecurityEventFilter(user_id="user_other")) == (other,)
        assert await _all(trail, SecurityEventFilter(actor_id="operator:cli")) == (mine,)

    async def test_where_it_came_from_is_forgotten_before_the_entry_is(self, trail: SecurityLogAdapter) -> None:
        old = [an_event(SecurityEventKind.SIGN_IN_FAILED, ago=timedelta(days=each)) for each in (30, 20, 10)]
        new = an_event(SecurityEventKind.SIGN_IN_SUCCEEDED)
        await _record(trail, *old, new)
        week_ago = NOW - timedelta(days=7)
        assert await trail.transactions.run(lambda tx: tx.security_log.forget_clients(week_ago, 2)) == 2
        assert await trail.transactions.run(lambda tx: tx.security_log.forget_clients(week_ago, 2)) == 1
        assert [each.client for each in await _all(trail)] == [_CLIENT, Client(), Client(), Client()]
        assert await trail.transactions.run(lambda tx: tx.security_log.purge(week_ago, 2)) == 2
        assert await trail.transactions.run(lambda tx: tx.security_log.purge(week_ago, 2)) == 1
        assert await _all(trail) == (new,)


async def _record(trail: SecurityLogAdapter, *events: SecurityEvent) -> None:
    await trail.transactions.run(lambda tx: tx.security_log.record(*events))


async def _all(trail: SecurityLogAdapter, wanted: SecurityEventFilter = _ANY) -> tuple[SecurityEvent, ...]:
    return (await trail.security_event_views.list(wanted, PageRequest(limit=100))).items
