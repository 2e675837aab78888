"""Access tokens: what one says, and what issuing and signing them needs from outside."""

from datetime import datetime
from typing import Protocol

import msgspec

from tradepost.kernel.errors import Kind, TradepostError


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What an access token says: whom it speaks for, in which session, and the version of the user's sessions when that
    began. What they may do it does not say: that is looked up at each request. `scope` is what a machine asked for;
    None where nobody narrowed anything down."""

    subject: str
    session_id: str
    session_version: int
    scope: tuple[str, ...] | None = None


class AccessTokens(Protocol):
    """Issues access tokens and tells its own from all others."""

    @property
    def lifetime_seconds(self) -> int:
        """How long a token is good."""
        ...

    async def issue(self, grant: Grant, at: datetime, /) -> str: ...

    async def verify(self, token: str, at: datetime, /, *, fresh: bool = False) -> Grant:
        """Raises `InvalidToken` for one that is expired, altered, or not ours. `fresh`: by the keys as they are at this
        moment, and not as they were some seconds ago."""
        ...

    async def claims(self, token: str, at: datetime, /, *, fresh: bool = False) -> "Claims":
        """What `verify` goes by, with the times."""
        ...

    def newer_key(self, generation: int | None, /) -> bool:
        """Whether a key of this generation is newer than all that are known here: one of those may have ended since."""
        ...


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """A grant with the times of its token, in whole seconds since 1970."""

    grant: Grant
    issued_at: int
    expires_at: int


class KeyPair(msgspec.Struct, frozen=True, kw_only=True):
    """What signs and what verifies."""

    public: str
    private: bytes

    def __repr__(self) -> str:
        return "KeyPair([hidden])"


class TokenSigner(Protocol):
    """Writes tokens and reads them, by keys it is given. Knows no time and keeps nothing."""

    def new_pair(self) -> KeyPair: ...

    def sign(self, claims: Claims, key_id: str, private: bytes, /) -> str: ...

    def key_id(self, token: str, /) -> str:
        """The key a token says it is signed with. Raises `InvalidToken` for what is no token of ours at first sight."""
        ...

    def read(self, token: str, key_id: str, public: str, /) -> Claims:
        """What it says, once its signature was found good. Raises `InvalidToken`."""
        ...

    def jwk(self, key_id: str, public: str, /) -> dict[str, str]:
        """The public key as others read it (RFC 7517)."""
        ...


class InvalidToken(TradepostError):
    """A token that is not good, whatever the reason: the reason would help nobody but a forger."""

    def __init__(self) -> None:
        super().__init__(
            Kind.UNAUTHENTICATED, "auth.invalid", "The access token is not valid or has expired; sign in again."
        )
