"""What every adapter of sessions keeps to."""

# ruff: noqa: S101, S106 - a suite asserts, and its hashes are no secrets

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

import msgspec
import pytest

from tradepost.kernel.access import Role
from tradepost.kernel.errors import NotFound
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.pages import PageRequest
from tradepost.kernel.transactions import Transactions
from tradepost.users.client import Client
from tradepost.users.ports import HasUsers
from tradepost.users.principal import Principal
from tradepost.users.session import EndReason, Session, SessionKind
from tradepost.users.session_ports import HasRefreshTokens, HasSessions, PrincipalViews, SessionViews
from tradepost.users.user import User

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
PHONE = Client(address="192.0.2.1", user_agent="Phone/1")
_MINUTE = timedelta(minutes=1)
_WEEK = timedelta(days=7)
_ids = TypeIds()
R = TypeVar("R")


class SessionsTx(HasUsers, HasSessions, HasRefreshTokens, Protocol):
    """What the suite touches."""


class SessionsAdapter(Protocol):
    """An adapter under test, empty at the start of each test."""

    @property
    def transactions(self) -> Transactions[SessionsTx]: ...

    @property
    def principals(self) -> PrincipalViews: ...

    @property
    def session_views(self) -> SessionViews: ...


def a_session(user_id: str, token_hash: str | None = None, *, kind: SessionKind = SessionKind.TOKEN) -> Session:
    id_ = _ids.new("sess")
    return Session(
        id=id_,
        kind=kind,
        user_id=user_id,
        session_version=1,
        token_hash=token_hash or f"hash of {id_}",
        created_at=NOW,
        authenticated_at=NOW,
        last_seen_at=NOW,
        idle_expires_at=NOW + _WEEK,
        expires_at=NOW + timedelta(days=30),
    )


class SessionsContract:
    """Bind it with a fixture `sessions` that gives a `SessionsAdapter`."""

    async def test_a_session_comes_back_as_it_was_written(self, sessions: SessionsAdapter) -> None:
        user = await _user(sessions)
        wanted = await _begin(sessions, a_session(user.id))
        assert await _find(sessions, wanted.id) == wanted
        assert await _find(sessions, "sess_nobody") is None
        view = await sessions.session_views.get(wanted.id)
        assert (view.user_agent, view.address, view.expires_at) == ("Phone/1", "192.0.2.1", wanted.idle_expires_at)
        with pytest.raises(NotFound):
            await sessions.session_views.get("sess_nobody")

    async def test_one_read_tells_who_stands_behind_a_session(self, sessions: SessionsAdapter) -> None:
        user = await _user(sessions, role=Role.SUPPORT)
        wanted = await _begin(sessions, a_session(user.id))
        found = await _principal(sessions, wanted.id)
        assert found.session == wanted
        account = found.account
        assert account is not None
        assert (account.user_id, account.active, account.session_version) == (user.id, True, 1)
        assert (account.role, account.definition, account.customer_id) == ("support", None, user.customer_id)
        assert found.good_at(NOW)
        assert await sessions.principals.of_session("sess_nobody") is None

    async def test_a_cookie_is_found_by_its_secret_and_a_refresh_token_is_no_cookie(
        self, sessions: SessionsAdapter
    ) -> None:
        user = await _user(sessions)
        cookie = await _begin(sessions, a_session(user.id, "cookie", kind=SessionKind.COOKIE))
        await _begin(sessions, a_session(user.id, "token"))
        found = await sessions.principals.of_cookie("cookie")
        assert found is not None
        assert found.session == cookie
        for other in ("token", "nothing"):
            assert await sessions.principals.of_cookie(other) is None

        async def look(tx: SessionsTx) -> tuple[Session | None, Session | None]:
            return await tx.sessions.of_cookie("cookie"), await tx.sessions.of_cookie("token")

        assert await sessions.transactions.run(look) == (cookie, None)

    async def test_what_ends_a_users_sessions_is_seen_by_the_next_read(self, sessions: SessionsAdapter) -> None:
        changes: dict[str, Callable[[User], object]] = {
            "password": lambda user: user.change_password("another", at=NOW),
            "suspended": lambda user: user.suspend(owners=(), at=NOW),
            "restored": lambda user: (user.suspend(owners=(), at=NOW), user.restore(at=NOW)),
            "deleted": lambda user: user.delete(owners=(), at=NOW),
        }
        for name, change in changes.items():
            user = await _user(sessions)
            session = await _begin(sessions, a_session(user.id))
            await _change(sessions, user.id, change)
            assert not (await _principal(sessions, session.id)).good_at(NOW), name
            page = await sessions.session_views.of_user(user.id, NOW, PageRequest())
            assert page.items == (), name

    async def test_another_role_is_seen_by_the_next_read(self, sessions: SessionsAdapter) -> None:
        user = await _user(sessions)
        session = await _begin(sessions, a_session(user.id))
        await _change(sessions, user.id, lambda user: user.change_role(Role.MANAGER, owners=(), at=NOW))
        found = await _principal(sessions, session.id)
        assert found.good_at(NOW)
        assert found.account is not None
        assert found.account.role == Role.MANAGER

    async def test_a_session_ends_once(self, sessions: SessionsAdapter) -> None:
        user = await _user(sessions)
        session = await _begin(sessions, a_session(user.id))

        async def end(tx: SessionsTx) -> bool:
            return await tx.sessions.end(session.id, EndReason.SIGNED_OUT, NOW + _MINUTE)

        results = await asyncio.gather(*[sessions.transactions.run(end) for _ in range(5)])
        assert sorted(results) == [False, False, False, False, True]
        ended = await _find(sessions, session.id)
        assert ended is not None
        assert (ended.ended_at, ended.end_reason) == (NOW + _MINUTE, EndReason.SIGNED_OUT)
        assert not (await _principal(sessions, session.id)).good_at(NOW)

    async def test_all_of_a_users_sessions_end_but_one(self, sessions: SessionsAdapter) -> None:
        user, other = await _user(sessions), await _user(sessions)
        mine = [await _begin(sessions, a_session(user.id)) for _ in range(3)]
        theirs = await _begin(sessions, a_session(other.id))

        async def end(tx: SessionsTx) -> tuple[str, ...]:
            return await tx.sessions.end_all(user.id, EndReason.ENDED, NOW, but=mine[0].id)

        assert set(await sessions.transactions.run(end)) == {mine[1].id, mine[2].id}
        assert await sessions.transactions.run(end) == ()
        assert (await _principal(sessions, mine[0].id)).good_at(NOW)
        assert (await _principal(sessions, theirs.id)).good_at(NOW)

        async def rest(tx: SessionsTx) -> tuple[str, ...]:
            return await tx.sessions.end_all(user.id, EndReason.ENDED, NOW)

        assert await sessions.transactions.run(rest) == (mine[0].id,)

    async def test_it_is_noted_when_a_session_was_seen_and_never_back_in_time(self, sessions: SessionsAdapter) -> None:
        user = await _user(sessions)
        session = await _begin(sessions, a_session(user.id))
        later, until = NOW + _MINUTE, NOW + _WEEK + _MINUTE

        async def seen(at: datetime, idle: datetime | None) -> Session | None:
            async def work(tx: SessionsTx) -> None:
                await tx.sessions.seen(session.id, at, idle)

            await sessions.transactions.run(work)
            return await _find(sessions, session.id)

        expected = msgspec.structs.replace(session, last_seen_at=later)
        assert await seen(later, None) == expected
        assert await seen(NOW, until) == expected
        expected = msgspec.structs.replace(session, last_seen_at=later + _MINUTE, idle_expires_at=until)
        assert await seen(later + _MINUTE, until) == expected

    async def test_proving_again_who_one_is_gives_the_session_another_secret(self, sessions: SessionsAdapter) -> None:
        user = await _user(sessions)
        session = await _begin(sessions, a_session(user.id, "old", kind=SessionKind.COOKIE))
        at = NOW + _MINUTE

        async def prove(token_hash: str | None) -> Session | None:
            async def work(tx: SessionsTx) -> None:
                await tx.sessions.authenticated(session.id, at, mfa=True, session_version=2, token_hash=token_hash)

            await sessions.transactions.run(work)
            return await _find(sessions, session.id)

        expected = msgspec.structs.replace(session, authenticated_at=at, mfa=True, session_version=2)
        assert await prove(None) == expected
        assert await prove("new") == msgspec.structs.replace(expected, token_hash="new")
        assert await sessions.principals.of_cookie("old") is None

    async def test_a_refresh_token_is_replaced_by_the_next_and_remembered(self, sessions: SessionsAdapter) -> None:
        user = await _user(sessions)
        session = await _begin(sessions, a_session(user.id, "first"))
        at, until = NOW + _MINUTE, NOW + _MINUTE + _WEEK
        rotated = await _rotate(sessions, "first", "second", at)
        assert rotated == msgspec.structs.replace(session, token_hash="second", last_seen_at=at, idle_expires_at=until)
        assert await _find(sessions, session.id) == rotated
        assert await _rotate(sessions, "first", "third", at) is None

        async def look(tx: SessionsTx) -> list[str | None]:
            return [await tx.refresh_tokens.session_of_used(shown) for shown in ("first", "second", "garbage")]

        assert await sessions.transactions.run(look) == [session.id, None, None]

    async def test_what_is_over_or_no_refresh_token_is_not_rotated(self, sessions: SessionsAdapter) -> None:
        user = await _user(sessions)
        await _begin(sessions, a_session(user.id, "cookie", kind=SessionKind.COOKIE))
        ended = await _begin(sessions, a_session(user.id, "ended"))
        await _begin(sessions, a_session(user.id, "idle"))
        await _begin(sessions, msgspec.structs.replace(a_session(user.id, "over"), expires_at=NOW + _MINUTE))

        async def end(tx: SessionsTx) -> None:
            await tx.sessions.end(ended.id, EndReason.ENDED, NOW)

        await sessions.transactions.run(end)
        for shown, at in (("cookie", NOW), ("ended", NOW), ("idle", NOW + _WEEK), ("over", NOW + _MINUTE)):
            assert await _rotate(sessions, shown, f"after {shown}", at) is None, shown

    async def test_of_fifty_who_use_a_refresh_token_at_once_one_gets_through(self, sessions: SessionsAdapter) -> None:
        user = await _user(sessions)
        session = await _begin(sessions, a_session(user.id, "shared"))

        async def use(n: int) -> bool:
            async def work(tx: SessionsTx) -> bool:
                found = await tx.refresh_tokens.rotate("shared", f"next {n}", NOW, NOW + _WEEK)
                if found is None:
                    assert await tx.refresh_tokens.session_of_used("shared") == session.id
                return found is not None

            return await sessions.transactions.run(work)

        results = await asyncio.gather(*[use(n) for n in range(50)])
        assert sum(results) == 1
        after = await _find(sessions, session.id)
        assert after is not None
        assert after.token_hash == f"next {results.index(True)}"

    async def test_sessions_that_are_over_are_forgotten_with_all_that_is_theirs(
        self, sessions: SessionsAdapter
    ) -> None:
        user = await _user(sessions)
        old = [await _begin(sessions, a_session(user.id, f"old {n}")) for n in range(3)]
        await _rotate(sessions, "old 0", "next", NOW)
        fresh = await _begin(
            sessions, msgspec.structs.replace(a_session(user.id), idle_expires_at=NOW + _WEEK + _MINUTE)
        )

        async def purge(tx: SessionsTx) -> int:
            return await tx.sessions.purge(NOW + _WEEK + timedelta(seconds=1), limit=2)

        assert [await sessions.transactions.run(purge) for _ in range(3)] == [2, 1, 0]
        for session in old:
            assert await _find(sessions, session.id) is None
        assert await _find(sessions, fresh.id) == fresh

        async def look(tx: SessionsTx) -> str | None:
            return await tx.refresh_tokens.session_of_used("old 0")

        assert await sessions.transactions.run(look) is None

    async def test_sessions_are_listed_a_page_at_a_time(self, sessions: SessionsAdapter) -> None:
        user, other = await _user(sessions), await _user(sessions)
        mine = [
            await _begin(sessions, msgspec.structs.replace(a_session(user.id), last_seen_at=NOW + n * _MINUTE))
            for n in range(3)
        ]
        await _begin(sessions, a_session(other.id))
        ids = [session.id for session in reversed(mine)]
        first = await sessions.session_views.of_user(user.id, NOW, PageRequest(limit=2))
        assert [view.id for view in first.items] == ids[:2]
        rest = await sessions.session_views.of_user(user.id, NOW, PageRequest(limit=2, cursor=first.next_cursor))
        assert [view.id for view in rest.items] == ids[2:]
        assert (await sessions.session_views.of_user(user.id, NOW + _WEEK, PageRequest())).items == ()


async def _run(sessions: SessionsAdapter, work: Callable[[SessionsTx], Coroutine[Any, Any, R]]) -> R:
    return await sessions.transactions.run(work)


async def _user(sessions: SessionsAdapter, *, role: str = Role.CUSTOMER) -> User:
    user = User.new(
        id=_ids.new("user"),
        email=f"{_ids.new('x')}@example.com",
        name="Ada",
        role=role,
        password_hash="hash",
        customer_id=_ids.new("cus"),
        at=NOW,
    )

    async def work(tx: SessionsTx) -> User:
        await tx.users.add(user)
        return user

    return await _run(sessions, work)


async def _change(sessions: SessionsAdapter, user_id: str, change: Callable[[User], object]) -> None:
    async def work(tx: SessionsTx) -> None:
        user = await tx.users.get(user_id)
        change(user)
        await tx.users.save(user)

    await _run(sessions, work)


async def _begin(sessions: SessionsAdapter, session: Session) -> Session:
    async def work(tx: SessionsTx) -> Session:
        await tx.sessions.add(session, PHONE)
        return session

    return await _run(sessions, work)


async def _find(sessions: SessionsAdapter, session_id: str) -> Session | None:
    async def work(tx: SessionsTx) -> Session | None:
        return await tx.sessions.find(session_id)

    return await _run(sessions, work)


async def _rotate(sessions: SessionsAdapter, old: str, new: str, at: datetime) -> Session | None:
    async def work(tx: SessionsTx) -> Session | None:
        return await tx.refresh_tokens.rotate(old, new, at, at + _WEEK)

    return await _run(sessions, work)


async def _principal(sessions: SessionsAdapter, session_id: str) -> Principal:
    found = await sessions.principals.of_session(session_id)
    assert found is not None
    return found
