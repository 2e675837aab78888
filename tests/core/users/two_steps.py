"""A desk where people sign in in two steps, on every backend and in two processes at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import msgspec
import pyotp
import pytest
from tests.core.users.desk import PASSWORD, Desk

from tradepost.customers import RegisterUserCommand
from tradepost.kernel.access import Actor, Role, operator
from tradepost.kernel.errors import TradepostError
from tradepost.kernel.ids import TypeIds
from tradepost.users import (
    BeginTotpCommand,
    CompleteSignInCommand,
    ConfirmTotpCommand,
    MfaRequired,
    Proof,
    SignedIn,
    SignInCommand,
)
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend

AT_ONCE = 50
_ids = TypeIds()


class Enrolled(msgspec.Struct, frozen=True):
    """Somebody with an authenticator app in hand and the recovery codes in a drawer. `actor` is in the session that set
    it up."""

    id: str
    email: str
    app: pyotp.TOTP
    codes: tuple[str, ...]
    actor: Actor


class TwoSteps(Desk):
    """The desk, and apps that make codes by its clock. `other` is another process on the same database."""

    other: "TwoSteps"

    async def somebody(self, role: Role = Role.CUSTOMER) -> tuple[str, str]:
        email = f"{_ids.new('x')}@example.com"
        command = RegisterUserCommand(actor=operator(), email=email, name="Ada", password=PASSWORD, role=role)
        return (await self.shop.register_user(command)).id, email

    async def first_step(self, email: str, password: str = PASSWORD) -> SignedIn | MfaRequired:
        return await self.shop.sign_in(SignInCommand(email=email, password=password))

    async def challenge(self, email: str) -> str:
        asked = await self.first_step(email)
        assert isinstance(asked, MfaRequired)
        return asked.challenge

    async def second_step(self, challenge: str, **proof: str) -> SignedIn:
        return await self.shop.complete_sign_in(CompleteSignInCommand(challenge=challenge, proof=Proof(**proof)))

    async def actor(self, signed_in: object) -> Actor:
        assert isinstance(signed_in, SignedIn)
        return await self.by_token(signed_in.access_token)

    async def begun(self, role: Role = Role.CUSTOMER) -> tuple[Actor, str, pyotp.TOTP]:
        """Somebody signed in, their address, and an app that is not confirmed yet."""
        user_id, email = await self.somebody(role)
        actor = await self.actor(await self.first_step(email))
        setup = await self.shop.begin_totp(BeginTotpCommand(actor=actor, user_id=user_id))
        return actor, email, app_of(setup.uri)

    async def enroll(self, role: Role = Role.CUSTOMER) -> Enrolled:
        actor, email, app = await self.begun(role)
        command = ConfirmTotpCommand(actor=actor, user_id=actor.id, code=self.code(app))
        codes = await self.shop.confirm_totp(command)
        self.clock.advance(timedelta(seconds=30))
        return Enrolled(actor.id, email, app, codes.codes, await self.again(actor))

    def code(self, app: pyotp.TOTP, *, period: int = 0) -> str:
        return str(app.at(self.clock.now() + timedelta(seconds=30 * period)))

    async def again(self, actor: Actor) -> Actor:
        """The same session, as the next request finds it."""
        found = await self._principal(actor)
        assert found.good_at(self.clock.now())
        seen: Actor = found.actor(self.clock.now(), self.shop._session_policy)
        return seen

    async def is_over(self, actor: Actor) -> bool:
        return not (await self._principal(actor)).good_at(self.clock.now())

    async def _principal(self, actor: Actor) -> Any:
        assert actor.session is not None
        return await self.backend.principals.of_session(actor.session.id)

    async def left(self, who: Enrolled) -> int:
        """How many recovery codes they have."""
        return (await self.backend.second_factor_views.of(who.id)).recovery_codes_left

    async def kinds(self, user_id: str) -> list[str]:
        """What the trail says of somebody, oldest first."""
        return [event.kind.value for event in await self.trail() if event.user_id == user_id]

    async def at_once(self, asks: list[Callable[["TwoSteps"], Awaitable[Any]]]) -> tuple[int, list[str]]:
        """Ask all of it at the same moment, every other one in the other process: how many succeed, and with what the
        rest are refused."""
        both = (self, self.other)
        results = await asyncio.gather(
            *[ask(both[place % 2]) for place, ask in enumerate(asks)], return_exceptions=True
        )
        codes = [result.code for result in results if isinstance(result, TradepostError)]
        failed = [result for result in results if isinstance(result, BaseException)]
        assert len(failed) == len(codes), failed
        return len(results) - len(codes), sorted(codes)


def app_of(uri: str) -> pyotp.TOTP:
    """An authenticator app that has scanned it."""
    app = pyotp.parse_uri(uri)
    assert isinstance(app, pyotp.TOTP)
    return app


def in_memory(**more: Any) -> TwoSteps:
    backend = MemoryBackend()
    desk = TwoSteps(backend, **more)
    desk.other = TwoSteps(backend, desk.clock, **more)
    return desk


@pytest.fixture
def memory() -> TwoSteps:
    return in_memory()


@pytest.fixture(name="desk", params=["memory", "sqlite", "postgres"])
async def every_desk(request: pytest.FixtureRequest) -> AsyncIterator[TwoSteps]:
    if request.param == "memory":
        yield in_memory()
        return
    async with AsyncExitStack() as opened:
        backends = []
        for _ in range(2):
            backends.append(await SqlBackend.open(request.getfixturevalue(f"{request.param}_url")))
            opened.push_async_callback(backends[-1].close)
        here = TwoSteps(backends[0])
        here.other = TwoSteps(backends[1], here.clock)
        yield here
