"""A shop with accounts over any backend: people sign in, and time is moved by hand."""

from typing import Any

import pytest

from tradepost.customers import RegisterUserCommand
from tradepost.kernel.access import GUEST, Actor, Role, operator
from tradepost.kernel.clock import ManualClock
from tradepost.kernel.errors import TradepostError
from tradepost.kernel.pages import PageRequest
from tradepost.shop import Shop
from tradepost.users import (
    BearerToken,
    BrowserSession,
    Client,
    RefreshTokensCommand,
    SecurityEvent,
    SecurityEventFilter,
    SessionCookie,
    SignedIn,
    SignInBrowserCommand,
    SignInCommand,
    UserView,
    Verdict,
)
from tradepost_adapters.cryptography import AesGcmSecretBox
from tradepost_adapters.jose import JwtSigner
from tradepost_adapters.simulated_gateway import open_gateway

PASSWORD = "correct horse battery staple"
PHONE = Client(address="192.0.2.1", user_agent="Phone/1")


class CountingHasher:
    """Reverses what it is given, and counts."""

    def __init__(self) -> None:
        self.hashed = self.verified = 0
        self.generation = 1

    async def hash(self, password: str, /) -> str:
        self.hashed += 1
        return f"{self.generation}:{password[::-1]}"

    async def verify(self, password: str, made: str | None, /) -> Verdict:
        self.verified += 1
        if made is None:
            return Verdict(right=False)
        generation, _, kept = made.partition(":")
        right = kept == password[::-1]
        return Verdict(right=right, outdated=right and int(generation) < self.generation)


class Known:
    """Knows one password."""

    async def has(self, password: str, /) -> bool:
        return password == "qwertyqwerty"


class Desk:
    """The shop, and what people do at its desk. `another` is a second process on the same database."""

    def __init__(self, backend: Any, clock: ManualClock | None = None, **more: Any) -> None:
        self.backend, self.hasher, self.clock = backend, CountingHasher(), clock or ManualClock()
        self.shop = Shop(
            backend,
            gateway=open_gateway("simulated://memory"),
            secret=b"a secret of the shop, and of nobody else",
            hasher=self.hasher,
            breached=Known(),
            signer=JwtSigner(),
            box=AesGcmSecretBox(b"a secret of the shop, and of nobody else"),
            clock=self.clock,
            **more,
        )

    async def register(self, email: str = "ada@example.com", role: Role = Role.CUSTOMER) -> UserView:
        actor = GUEST if role is Role.CUSTOMER else operator()
        return await self.shop.register_user(
            RegisterUserCommand(actor=actor, email=email, name="Ada", password=PASSWORD, role=role)
        )

    async def sign_in(self, email: str = "ada@example.com", password: str = PASSWORD) -> SignedIn:
        signed_in = await self.shop.sign_in(SignInCommand(email=email, password=password, client=PHONE))
        assert isinstance(signed_in, SignedIn)
        return signed_in

    async def sign_in_browser(self, email: str = "ada@example.com", replaces: str | None = None) -> BrowserSession:
        command = SignInBrowserCommand(email=email, password=PASSWORD, replaces=replaces, client=PHONE)
        begun = await self.shop.sign_in_browser(command)
        assert isinstance(begun, BrowserSession)
        return begun

    async def refresh(self, token: str) -> SignedIn:
        return await self.shop.refresh_tokens(RefreshTokensCommand(refresh_token=token))

    async def by_token(self, token: str) -> Actor:
        return await self.shop.identify(BearerToken(token))

    async def by_cookie(self, secret: str) -> Actor:
        return await self.shop.identify(SessionCookie(secret))

    async def code_of(self, asking: Any) -> str:
        """What it is refused with."""
        with pytest.raises(TradepostError) as error:
            await asking
        return error.value.code

    async def refused(self, email: str, password: str) -> tuple[object, ...]:
        with pytest.raises(TradepostError) as error:
            await self.sign_in(email, password)
        return (error.value.kind, error.value.code, error.value.detail, error.value.data)

    async def trail(self) -> list[SecurityEvent]:
        """What the security trail says, oldest first."""
        page = await self.backend.security_event_views.list(SecurityEventFilter(), PageRequest(limit=100, sort="at"))
        return list(page.items)


def me(view: UserView) -> Actor:
    """The user as a program that imports the core would name them."""
    return Actor(id=view.id, role=view.role, customer_id=view.customer_id)
