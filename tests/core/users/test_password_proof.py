"""Showing one's password again is no way to try out passwords: it counts as signing in does, and is in the trail."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.core.users.desk import PASSWORD
from tests.core.users.two_steps import TwoSteps, in_memory

from tradepost.kernel.access import Actor
from tradepost.kernel.errors import Kind, TradepostError
from tradepost.users import BeginTotpCommand, ChangePasswordCommand, Client, SignInCommand, StepUpCommand
from tradepost_adapters.memory.rate_limiter import MemoryRateLimiter

HERE = Client(address="192.0.2.7")
Asking = Callable[[TwoSteps, Actor, str], Awaitable[Any]]


def by_step_up(desk: TwoSteps, actor: Actor, password: str) -> Awaitable[Any]:
    return desk.shop.step_up(StepUpCommand(actor=actor, password=password, client=HERE))


def by_setting_up_an_app(desk: TwoSteps, actor: Actor, password: str) -> Awaitable[Any]:
    return desk.shop.begin_totp(BeginTotpCommand(actor=actor, user_id=actor.id, password=password, client=HERE))


def by_changing_it(desk: TwoSteps, actor: Actor, password: str) -> Awaitable[Any]:
    command = ChangePasswordCommand(
        actor=actor, user_id=actor.id, old_password=password, new_password="a longer stretch of pasture", client=HERE
    )
    return desk.shop.change_password(command)


WAYS = pytest.mark.parametrize("ask", [by_step_up, by_setting_up_an_app, by_changing_it])


async def somebody(desk: TwoSteps) -> tuple[Actor, str]:
    _, email = await desk.somebody()
    return await desk.actor(await desk.first_step(email)), email


@WAYS
async def test_a_session_is_no_place_to_try_out_passwords(ask: Asking) -> None:
    desk = in_memory(limiter=MemoryRateLimiter())
    actor, _ = await somebody(desk)
    codes = [await desk.code_of(ask(desk, actor, f"wrong {number}")) for number in range(11)]
    assert codes == ["user.password_wrong"] * 10 + ["rate.limited"]
    verified = desk.hasher.verified
    with pytest.raises(TradepostError) as refused:
        await ask(desk, actor, PASSWORD)
    assert (refused.value.kind, desk.hasher.verified) == (Kind.RATE_LIMITED, verified)  # not even looked at


async def test_tries_at_the_door_and_inside_are_counted_together() -> None:
    desk = in_memory(limiter=MemoryRateLimiter())
    actor, email = await somebody(desk)
    for number in range(5):
        await desk.code_of(desk.shop.sign_in(_sign_in(email, f"wrong {number}")))
        await desk.code_of(by_step_up(desk, actor, f"wrong {number}"))
    assert await desk.code_of(by_step_up(desk, actor, PASSWORD)) == "rate.limited"
    assert await desk.code_of(desk.shop.sign_in(_sign_in(email, PASSWORD))) == "rate.limited"


@WAYS
async def test_a_wrong_password_is_in_the_trail_with_where_it_came_from(ask: Asking) -> None:
    desk = in_memory()
    actor, _ = await somebody(desk)
    await desk.code_of(ask(desk, actor, "wrong"))
    (entry,) = [event for event in await desk.trail() if event.kind == "step_up.failed"]
    assert (entry.user_id, entry.actor_id, entry.client, entry.data) == (
        actor.id,
        actor.id,
        HERE,
        {"reason": "password"},
    )


async def test_what_was_throttled_is_in_the_trail() -> None:
    desk = in_memory(limiter=MemoryRateLimiter())
    actor, _ = await somebody(desk)
    for number in range(11):
        await desk.code_of(by_step_up(desk, actor, f"wrong {number}"))
    assert [event.data["reason"] for event in await desk.trail() if event.kind == "step_up.failed"] == [
        *["password"] * 10,
        "throttled",
    ]


async def test_the_right_password_proves_it() -> None:
    desk = in_memory(limiter=MemoryRateLimiter())
    actor, _ = await somebody(desk)
    desk.clock.advance(timedelta(minutes=10))
    await by_step_up(desk, actor, PASSWORD)
    session = (await desk.again(actor)).session
    assert session is not None
    assert session.fresh


def _sign_in(email: str, password: str) -> SignInCommand:
    return SignInCommand(email=email, password=password, client=HERE)
