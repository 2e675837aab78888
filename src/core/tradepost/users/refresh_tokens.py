"""Get new tokens with a refresh token."""

import os
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import msgspec

from tradepost.kernel.access import GUEST, Actor
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import anybody
from tradepost.kernel.errors import Kind, TradepostError
from tradepost.kernel.transactions import Transactions
from tradepost.users.client import Client
from tradepost.users.opaque import MAX_SECRET, hash_of, new_secret
from tradepost.users.session import EndReason, SessionKind, SessionPolicy
from tradepost.users.session_ending import SessionEnding
from tradepost.users.session_opening import OpenedSession, SessionOpening
from tradepost.users.session_ports import HasRefreshTokens, SignInTx
from tradepost.users.user import UserStatus
from tradepost.users.views import SignedIn, UserView


class RefreshTokensCommand(msgspec.Struct, frozen=True, kw_only=True):
    refresh_token: str
    client: Client = Client()

    def __repr__(self) -> str:
        return "RefreshTokensCommand([hidden])"


class RefreshTx(SignInTx, HasRefreshTokens, Protocol):
    """What getting new tokens touches."""


class InvalidRefreshToken(TradepostError):
    """Expired, used before, or never given out: the reason would help nobody but a thief."""

    def __init__(self) -> None:
        super().__init__(
            Kind.UNAUTHENTICATED, "auth.refresh_invalid", "The refresh token is not valid any more; sign in again."
        )


class RefreshTokens:
    """A refresh token is good once: it comes back with its successor. Of any number who use it at the same moment one
    at most gets through; and whoever shows one that was used ends the session, as two have it then and one of them has
    stolen it (RFC 9700, section 4.14.2).

    Raises `auth.refresh_invalid`.
    """

    access = anybody()

    def __init__(
        self,
        transactions: Transactions[RefreshTx],
        opening: SessionOpening,
        clock: Clock,
        policy: SessionPolicy,
        ending: SessionEnding,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._transactions = transactions
        self._opening = opening
        self._clock = clock
        self._policy = policy
        self._ending = ending
        self._entropy = entropy

    async def __call__(self, command: RefreshTokensCommand) -> SignedIn:
        if len(command.refresh_token) > MAX_SECRET:
            raise InvalidRefreshToken
        now, old, secret = self._clock.now(), hash_of(command.refresh_token), new_secret(self._entropy)
        until = self._policy.idle_end(SessionKind.TOKEN, now)

        async def work(tx: RefreshTx) -> OpenedSession | None:
            session = await tx.refresh_tokens.rotate(old, hash_of(secret), now, until)
            if session is None:
                await self._look_into(tx, old, command.client, now)
                return None
            user = await tx.users.get(session.user_id or "")
            if user.status is not UserStatus.ACTIVE or user.session_version != session.session_version:
                raise InvalidRefreshToken
            return OpenedSession(session=session, user=UserView.of(user), secret=secret)

        refreshed = await self._transactions.run(work)
        if refreshed is None:  # outside: the end of the session has to be kept
            raise InvalidRefreshToken
        return await self._opening.tokens(refreshed, now)

    async def _look_into(self, tx: RefreshTx, shown: str, client: Client, at: datetime) -> None:
        """It is nobody's current one. If it was one, its session ends."""
        session_id = await tx.refresh_tokens.session_of_used(shown)
        session = None if session_id is None else await tx.sessions.find(session_id)
        if session is not None:
            by, reason = Actor(id=session.user_id or GUEST.id), EndReason.REFRESH_REUSED
            await self._ending.one(tx, session, reason, actor=by, client=client, at=at)
