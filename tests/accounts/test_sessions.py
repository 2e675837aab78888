"""Sessions on every database: begun, refreshed, ended, and what two processes see of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tests.core.users.desk import PASSWORD, PHONE, Desk, me

from tradepost.kernel.access import Actor, Permission, Role, operator
from tradepost.kernel.errors import Conflict, NotFound, TradepostError
from tradepost.users import (
    ChangePasswordCommand,
    ChangeRoleCommand,
    Client,
    DeleteUserCommand,
    EndSessionCommand,
    EndSessionsCommand,
    GetSessionQuery,
    ListSessionsQuery,
    RestoreUserCommand,
    SecurityEventKind,
    SessionKind,
    SessionView,
    SignedIn,
    SignOutCommand,
    SuspendUserCommand,
    UserStatus,
    UserView,
)
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend

NEW_PASSWORD = "a longer stretch of pasture"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def desks(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Desk, Desk]]:
    """Two processes on one database (in memory: two shops)."""
    async with AsyncExitStack() as opened:
        backends: list[Any] = []
        shared = MemoryBackend()
        for _ in range(2):
            if request.param == "memory":
                backends.append(shared)
                continue
            backend = await SqlBackend.open(request.getfixturevalue(f"{request.param}_url"))
            opened.push_async_callback(backend.close)
            backends.append(backend)
        desk = Desk(backends[0])
        yield desk, Desk(backends[1], desk.clock)


@pytest.fixture
def desk(desks: tuple[Desk, Desk]) -> Desk:
    return desks[0]


@pytest.fixture
def another(desks: tuple[Desk, Desk]) -> Desk:
    """The other process."""
    return desks[1]


async def listed(desk: Desk, user: UserView, actor: Actor | None = None) -> tuple[SessionView, ...]:
    page = await desk.shop.list_sessions(ListSessionsQuery(actor=actor or me(user), user_id=user.id))
    return page.items


async def kinds(desk: Desk) -> list[SecurityEventKind]:
    return [event.kind for event in await desk.trail()]


async def test_signing_in_begins_a_session_and_its_token_names_the_user(desk: Desk) -> None:
    user = await desk.register()
    signed_in = await desk.sign_in()
    assert (signed_in.expires_in, signed_in.refresh_expires_in) == (900, 7 * 86400)
    actor = await desk.by_token(signed_in.access_token)
    assert msgspec.structs.replace(actor, session=None) == me(user)
    assert actor.session is not None
    assert (actor.session.id, actor.session.kind, actor.session.fresh, actor.session.mfa) == (
        signed_in.session_id,
        "token",
        True,
        False,
    )
    (session,) = await listed(desk, user, actor)
    assert (session.id, session.current, session.address, session.user_agent) == (
        signed_in.session_id,
        True,
        PHONE.address,
        PHONE.user_agent,
    )
    (entry,) = [event for event in await desk.trail() if event.kind is SecurityEventKind.SIGN_IN_SUCCEEDED]
    assert (entry.user_id, entry.session_id, entry.client) == (user.id, signed_in.session_id, PHONE)


async def test_a_session_is_fresh_for_ten_minutes(desk: Desk) -> None:
    owner = await desk.register(role=Role.OWNER)
    token = (await desk.sign_in()).access_token
    desk.clock.advance(10 * MINUTE - timedelta(seconds=1))
    assert (await desk.by_token(token)).may(Permission.USERS_WRITE)
    desk.clock.advance(timedelta(seconds=1))
    stale = await desk.by_token(token)
    assert not stale.may(Permission.USERS_WRITE)
    assert stale.may(Permission.USERS_READ)
    suspend = desk.shop.suspend_user(SuspendUserCommand(actor=stale, user_id=owner.id))
    assert await desk.code_of(suspend) == "auth.step_up_required"


async def test_a_refresh_token_is_good_once_and_gives_the_next(desk: Desk) -> None:
    await desk.register()
    first = await desk.sign_in()
    desk.clock.advance(16 * MINUTE)
    assert await desk.code_of(desk.by_token(first.access_token)) == "auth.invalid"
    second = await desk.refresh(first.refresh_token)
    assert second.session_id == first.session_id
    assert second.refresh_token != first.refresh_token
    assert (await desk.by_token(second.access_token)).id == first.user.id
    third = await desk.refresh(second.refresh_token)
    assert third.refresh_token not in (first.refresh_token, second.refresh_token)


async def test_showing_a_used_refresh_token_ends_the_session_and_garbage_ends_nothing(
    desk: Desk, another: Desk
) -> None:
    user = await desk.register()
    stolen, other = await desk.sign_in(), await desk.sign_in()
    thief = await desk.refresh(stolen.refresh_token)
    for garbage in ("", "garbage", "x" * 10_000, stolen.access_token):
        assert await desk.code_of(desk.refresh(garbage)) == "auth.refresh_invalid"
    assert (await another.by_token(thief.access_token)).id == user.id
    assert await another.code_of(another.refresh(stolen.refresh_token)) == "auth.refresh_invalid"
    for shown in (stolen.access_token, thief.access_token):
        assert await desk.code_of(desk.by_token(shown)) == "auth.invalid"
    assert await desk.code_of(desk.refresh(thief.refresh_token)) == "auth.refresh_invalid"
    assert (await desk.by_token(other.access_token)).id == user.id
    reused = [event for event in await desk.trail() if event.kind is SecurityEventKind.REFRESH_REUSED]
    assert [event.session_id for event in reused] == [stolen.session_id]


async def test_of_fifty_who_refresh_with_one_token_at_once_at_most_one_gets_through(desk: Desk, another: Desk) -> None:
    await desk.register()
    signed_in = await desk.sign_in()
    await another.shop.publish_keys()  # both processes know the signing keys
    tries = [who.refresh(signed_in.refresh_token) for who in (desk, another) for _ in range(25)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    winners = [result for result in results if isinstance(result, SignedIn)]
    losers = [result.code for result in results if isinstance(result, TradepostError)]
    assert (len(winners), len(losers), set(losers)) == (1, 49, {"auth.refresh_invalid"})
    # Two had it, so the session is over for the winner, too.
    assert await desk.code_of(desk.by_token(winners[0].access_token)) == "auth.invalid"
    assert await desk.code_of(another.refresh(winners[0].refresh_token)) == "auth.refresh_invalid"
    assert (await kinds(desk)).count(SecurityEventKind.REFRESH_REUSED) == 1


async def test_a_refresh_token_lasts_seven_days_and_a_session_thirty(desk: Desk) -> None:
    await desk.register()
    idle, used = await desk.sign_in(), await desk.sign_in()
    for _ in range(4):
        desk.clock.advance(7 * DAY - MINUTE)
        used = await desk.refresh(used.refresh_token)
        assert used.refresh_expires_in <= 7 * 86400
    assert used.refresh_expires_in == int((2 * DAY + 4 * MINUTE).total_seconds())
    assert await desk.code_of(desk.refresh(idle.refresh_token)) == "auth.refresh_invalid"
    desk.clock.advance(2 * DAY + 4 * MINUTE)
    assert await desk.code_of(desk.refresh(used.refresh_token)) == "auth.refresh_invalid"
    assert await desk.code_of(desk.by_token(used.access_token)) == "auth.invalid"


async def test_what_changes_about_a_user_is_seen_by_the_next_request_of_another_process(
    desk: Desk, another: Desk
) -> None:
    user = await desk.register()
    signed_in = await desk.sign_in()
    token = signed_in.access_token
    assert (await another.by_token(token)).role == Role.CUSTOMER
    await desk.shop.change_role(ChangeRoleCommand(actor=operator(), user_id=user.id, role=Role.SUPPORT))
    assert (await another.by_token(token)).may(Permission.ORDERS_READ)
    await desk.shop.change_role(ChangeRoleCommand(actor=operator(), user_id=user.id, role=Role.CUSTOMER))
    assert not (await another.by_token(token)).may(Permission.ORDERS_READ)


@pytest.mark.parametrize("how", ["sign out", "end", "suspend", "password", "delete"])
async def test_what_ends_a_session_is_seen_by_the_next_request_of_another_process(
    desk: Desk, another: Desk, how: str
) -> None:
    user = await desk.register()
    app, browser = await desk.sign_in(), await desk.sign_in_browser()
    assert (await another.by_token(app.access_token)).id == user.id
    assert (await another.by_cookie(browser.secret)).id == user.id
    actor = await desk.by_token(app.access_token)
    if how == "sign out":
        await desk.shop.sign_out(SignOutCommand(actor=actor))
        assert (await another.by_cookie(browser.secret)).id == user.id
        await desk.shop.sign_out(SignOutCommand(actor=await desk.by_cookie(browser.secret)))
    elif how == "end":
        await desk.shop.end_sessions(EndSessionsCommand(actor=operator(), user_id=user.id))
    elif how == "suspend":
        await desk.shop.suspend_user(SuspendUserCommand(actor=operator(), user_id=user.id))
    elif how == "password":
        command = ChangePasswordCommand(actor=operator(), user_id=user.id, new_password=NEW_PASSWORD)
        await desk.shop.change_password(command)
    else:
        await desk.shop.delete_user(DeleteUserCommand(actor=actor, user_id=user.id))
    assert await another.code_of(another.by_token(app.access_token)) == "auth.invalid"
    assert await another.code_of(another.by_cookie(browser.secret)) == "auth.session_ended"
    assert await another.code_of(another.refresh(app.refresh_token)) == "auth.refresh_invalid"
    assert await listed(desk, user, operator()) == ()


async def test_a_password_changed_by_its_user_keeps_the_session_that_asks_and_ends_the_others(desk: Desk) -> None:
    user = await desk.register()
    mine, other = await desk.sign_in(), await desk.sign_in()
    browser, other_browser = await desk.sign_in_browser(), await desk.sign_in_browser()

    async def change(actor: Actor, old: str, new: str) -> str | None:
        command = ChangePasswordCommand(actor=actor, user_id=user.id, old_password=old, new_password=new)
        return await desk.shop.change_password(command)

    assert await change(await desk.by_token(mine.access_token), PASSWORD, NEW_PASSWORD) is None
    assert (await desk.by_token(mine.access_token)).id == user.id
    assert (await desk.refresh(mine.refresh_token)).session_id == mine.session_id
    assert await desk.code_of(desk.by_token(other.access_token)) == "auth.invalid"
    assert await desk.code_of(desk.refresh(other.refresh_token)) == "auth.refresh_invalid"
    for ended in (browser, other_browser):
        assert await desk.code_of(desk.by_cookie(ended.secret)) == "auth.session_ended"

    await desk.shop.change_password(ChangePasswordCommand(actor=operator(), user_id=user.id, new_password=PASSWORD))
    browser = await desk.sign_in_browser()
    secret = await change(await desk.by_cookie(browser.secret), PASSWORD, NEW_PASSWORD)
    assert secret is not None
    actor = await desk.by_cookie(secret)
    assert actor.session is not None
    assert actor.session.id == browser.session_id
    assert await desk.code_of(desk.by_cookie(browser.secret)) == "auth.session_ended"


async def test_a_suspended_user_gets_in_nowhere_until_restored(desk: Desk) -> None:
    user, owner = await desk.register(), operator()
    before = await desk.sign_in()
    for _ in range(2):
        view = await desk.shop.suspend_user(SuspendUserCommand(actor=owner, user_id=user.id))
        assert view.status is UserStatus.SUSPENDED
    assert await desk.code_of(desk.sign_in()) == "user.suspended"
    assert await desk.code_of(desk.sign_in_browser()) == "user.suspended"
    assert await desk.code_of(desk.sign_in(password="wrong")) == "auth.failed"
    assert (await kinds(desk)).count(SecurityEventKind.USER_SUSPENDED) == 1
    for _ in range(2):
        view = await desk.shop.restore_user(RestoreUserCommand(actor=owner, user_id=user.id))
        assert view.status is UserStatus.ACTIVE
    assert (await kinds(desk)).count(SecurityEventKind.USER_RESTORED) == 1
    assert await desk.code_of(desk.by_token(before.access_token)) == "auth.invalid"
    assert await desk.code_of(desk.refresh(before.refresh_token)) == "auth.refresh_invalid"
    assert (await desk.by_token((await desk.sign_in()).access_token)).id == user.id


async def test_the_last_owner_is_not_suspended(desk: Desk) -> None:
    first = await desk.register("first@example.com", Role.OWNER)
    suspend = SuspendUserCommand(actor=operator(), user_id=first.id)
    with pytest.raises(Conflict) as error:
        await desk.shop.suspend_user(suspend)
    assert error.value.code == "user.last_owner"
    second = await desk.register("second@example.com", Role.OWNER)
    results = await asyncio.gather(
        *[desk.shop.suspend_user(SuspendUserCommand(actor=operator(), user_id=id_)) for id_ in (first.id, second.id)],
        return_exceptions=True,
    )
    assert [getattr(result, "code", "done") for result in results].count("user.last_owner") == 1


async def test_a_sign_in_under_way_while_the_user_is_suspended_leads_nowhere(desk: Desk) -> None:
    user = await desk.register()
    verify = desk.hasher.verify

    async def slow(password: str, made: str | None, /) -> Any:
        await desk.shop.suspend_user(SuspendUserCommand(actor=operator(), user_id=user.id))
        await desk.shop.restore_user(RestoreUserCommand(actor=operator(), user_id=user.id))
        return await verify(password, made)

    desk.hasher.verify = slow  # type: ignore[method-assign]
    late = await desk.sign_in()
    assert await desk.code_of(desk.by_token(late.access_token)) == "auth.invalid"
    assert await desk.code_of(desk.refresh(late.refresh_token)) == "auth.refresh_invalid"


async def test_a_browsers_session_ends_when_it_is_idle_and_after_a_day(desk: Desk) -> None:
    await desk.register()
    idle = await desk.sign_in_browser()
    desk.clock.advance(HOUR)
    assert await desk.code_of(desk.by_cookie(idle.secret)) == "auth.session_ended"
    used = await desk.sign_in_browser()
    for _ in range(25):
        desk.clock.advance(59 * MINUTE)
        if desk.clock.now() >= used.expires_at:
            break
        assert (await desk.by_cookie(used.secret)).role == Role.CUSTOMER
    assert await desk.code_of(desk.by_cookie(used.secret)) == "auth.session_ended"


async def test_signing_in_again_replaces_the_session_a_browser_had(desk: Desk) -> None:
    user = await desk.register()
    first = await desk.sign_in_browser()
    second = await desk.sign_in_browser(replaces=first.secret)
    assert second.session_id != first.session_id
    assert second.secret != first.secret
    assert await desk.code_of(desk.by_cookie(first.secret)) == "auth.session_ended"
    await desk.sign_in_browser(replaces="garbage")
    assert len(await listed(desk, user)) == 2


async def test_a_cookie_is_no_token_and_a_token_no_cookie(desk: Desk) -> None:
    await desk.register()
    app, browser = await desk.sign_in(), await desk.sign_in_browser()
    for shown in (app.refresh_token, app.access_token, "", "x" * 10_000):
        assert await desk.code_of(desk.by_cookie(shown)) == "auth.session_ended"
    assert await desk.code_of(desk.by_token(browser.secret)) == "auth.invalid"
    assert await desk.code_of(desk.refresh(browser.secret)) == "auth.refresh_invalid"
    assert (await desk.by_cookie(browser.secret)).id == app.user.id


async def test_sessions_are_ended_by_their_user_and_by_staff_alone(desk: Desk) -> None:
    ada, bob = await desk.register(), await desk.register("bob@example.com")
    manager = Actor(id="user_manager", role=Role.MANAGER)
    mine = [await desk.sign_in() for _ in range(3)]
    theirs = await desk.sign_in("bob@example.com")
    actor = await desk.by_token(mine[0].access_token)

    async def end(who: Actor, user: UserView, session_id: str) -> None:
        await desk.shop.end_session(EndSessionCommand(actor=who, user_id=user.id, session_id=session_id))

    for who, user, session in ((actor, bob, theirs), (actor, ada, theirs), (me(bob), ada, mine[0])):
        with pytest.raises(NotFound):
            await end(who, user, session.session_id)
    assert await desk.code_of(end(manager, ada, mine[0].session_id)) == "auth.forbidden"
    with pytest.raises(NotFound):
        await desk.shop.list_sessions(ListSessionsQuery(actor=me(bob), user_id=ada.id))
    for _ in range(2):
        await end(actor, ada, mine[1].session_id)
    assert {session.id for session in await listed(desk, ada, manager)} == {mine[0].session_id, mine[2].session_id}
    ended = await desk.shop.end_sessions(EndSessionsCommand(actor=actor, user_id=ada.id, client=Client()))
    assert ended == 1
    (left,) = await listed(desk, ada, actor)
    assert (left.id, left.current) == (mine[0].session_id, True)
    assert await desk.shop.end_sessions(EndSessionsCommand(actor=operator(), user_id=ada.id)) == 1
    assert (await kinds(desk)).count(SecurityEventKind.SESSION_ENDED) == 3


async def test_who_has_got_hold_of_an_old_session_does_not_put_its_user_out_of_the_others(desk: Desk) -> None:
    ada = await desk.register()
    old, other = await desk.sign_in(), await desk.sign_in()
    desk.clock.advance(timedelta(minutes=10))
    stale = await desk.by_token(old.access_token)
    one = EndSessionCommand(actor=stale, user_id=ada.id, session_id=other.session_id)
    assert await desk.code_of(desk.shop.end_session(one)) == "auth.step_up_required"
    assert await desk.code_of(desk.shop.end_sessions(EndSessionsCommand(actor=stale, user_id=ada.id))) == (
        "auth.step_up_required"
    )
    assert (await desk.by_token(other.access_token)).id == ada.id
    await desk.shop.sign_out(SignOutCommand(actor=stale))  # one's own can always be ended
    assert await desk.code_of(desk.by_token(old.access_token)) == "auth.invalid"


async def test_who_came_without_a_session_has_none_to_end_or_see(desk: Desk) -> None:
    user = await desk.register()
    for asked in (
        desk.shop.sign_out(SignOutCommand(actor=me(user))),
        desk.shop.get_session(GetSessionQuery(actor=me(user))),
    ):
        assert await desk.code_of(asked) == "auth.no_session"


async def test_when_a_session_was_seen_is_noted_once_a_minute(desk: Desk) -> None:
    user = await desk.register()
    app, browser = await desk.sign_in(), await desk.sign_in_browser()
    begun = desk.clock.now()
    for seconds, noted in ((59, 0), (1, 60), (59, 60), (1, 120)):
        desk.clock.advance(timedelta(seconds=seconds))
        await asyncio.gather(desk.by_token(app.access_token), desk.by_cookie(browser.secret))
        seen = {session.last_seen_at - begun for session in await listed(desk, user)}
        assert seen == {timedelta(seconds=noted)}
    ends = {session.kind: session.expires_at - begun for session in await listed(desk, user)}
    assert ends == {SessionKind.TOKEN: 7 * DAY, SessionKind.COOKIE: HOUR + 2 * MINUTE}


async def test_sessions_that_are_over_are_forgotten(desk: Desk) -> None:
    user = await desk.register()
    old, browser = await desk.sign_in(), await desk.sign_in_browser()
    await desk.refresh(old.refresh_token)
    assert await desk.shop.purge_sessions() == 0
    desk.clock.advance(2 * HOUR)
    assert await desk.shop.purge_sessions() == 1
    assert await desk.code_of(desk.by_cookie(browser.secret)) == "auth.session_ended"
    desk.clock.advance(7 * DAY)
    kept = await desk.sign_in()
    assert await desk.shop.purge_sessions() == 1
    assert await desk.code_of(desk.refresh(old.refresh_token)) == "auth.refresh_invalid"
    assert [session.id for session in await listed(desk, user)] == [kept.session_id]


async def test_nothing_one_signs_in_with_is_in_the_trail_or_in_what_is_printed(desk: Desk) -> None:
    await desk.register()
    app, browser = await desk.sign_in(), await desk.sign_in_browser()
    await desk.code_of(desk.sign_in(password="wrong"))
    refreshed = await desk.refresh(app.refresh_token)
    await desk.code_of(desk.refresh(app.refresh_token))
    shown = f"{await desk.trail()} {app} {browser} {refreshed}"
    for secret in (app.access_token, app.refresh_token, browser.secret, refreshed.refresh_token, PASSWORD, "ada@"):
        assert secret not in shown


async def test_of_requests_at_the_same_moment_one_notes_that_the_session_was_seen(desk: Desk) -> None:
    user = await desk.register()
    token = (await desk.sign_in()).access_token
    await desk.by_token(token)
    desk.clock.advance(MINUTE)
    noted, run = 0, desk.backend.transactions.run

    async def counted(work: Any) -> Any:
        nonlocal noted
        noted += 1
        await asyncio.sleep(0)
        return await run(work)

    desk.shop.identify._transactions = type("Counted", (), {"run": staticmethod(counted)})()  # type: ignore[assignment]
    await asyncio.gather(*[desk.by_token(token) for _ in range(20)])
    assert 1 <= noted <= 2
    assert (await listed(desk, user))[0].last_seen_at == desk.clock.now()
