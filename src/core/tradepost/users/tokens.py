"""Access tokens: what one says, and what issuing them needs from outside."""

from datetime import datetime
from typing import Protocol

import msgspec

from tradepost.kernel.access import Actor, Role
from tradepost.kernel.errors import Kind, TradepostError


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a token speaks for, and under which version of their sessions it was issued."""

    user_id: str
    role: Role
    customer_id: str | None
    session_version: int

    def actor(self) -> Actor:
        return Actor(id=self.user_id, role=self.role, customer_id=self.customer_id)


class AccessTokens(Protocol):
    """Issues tokens and tells its own from all others, without looking anything up."""

    @property
    def lifetime_seconds(self) -> int:
        """How long a token is good."""
        ...

    def issue(self, grant: Grant, at: datetime, /) -> str: ...

    def verify(self, token: str, at: datetime, /) -> Grant:
        """Raises `InvalidToken` for one that is expired, altered, or not ours."""
        ...


class InvalidToken(TradepostError):
    """A token that is not good, whatever the reason: the reason would help nobody but a forger."""

    def __init__(self) -> None:
        super().__init__(
            Kind.UNAUTHENTICATED, "auth.invalid", "The access token is not valid or has expired; sign in again."
        )
