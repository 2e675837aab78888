"""Requests that are signed (RFC 9421), so that who has got hold of a machine's secret can do nothing with it alone."""

from datetime import datetime
from typing import Protocol

import msgspec

from tradepost.kernel.errors import Kind, TradepostError


class Nonce(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a signed request different from all others, and until when its signature is good."""

    value: str
    good_until: datetime


class SignedRequest(Protocol):
    """A request as it was sent."""

    def verify(self, public_key: str, at: datetime, /) -> Nonce:
        """Its nonce, once the signature was found good at that moment, and to cover what matters. Raises
        `SignatureRequired` and `SignatureRefused`."""
        ...


class Nonces(Protocol):
    """Those that were used, inside a transaction."""

    async def use(self, nonce: str, good_until: datetime, /) -> bool:
        """Whether it was not used before: of any number who try at the same moment, one is told so."""
        ...

    async def purge(self, before: datetime, limit: int, /) -> int:
        """Forget at most `limit` of those that were good until before; how many."""
        ...


class HasNonces(Protocol):
    @property
    def nonces(self) -> Nonces: ...


class SignatureRequired(TradepostError):
    """The key is for signed requests only."""

    def __init__(self) -> None:
        super().__init__(
            Kind.UNAUTHENTICATED,
            "auth.signature_required",
            "This key is for signed requests: sign each one with the machine's private key, as RFC 9421 says.",
        )


class SignatureRefused(TradepostError):
    """It is signed, and not as it has to be. `why` helps whoever writes the client; a forger learns nothing by it."""

    def __init__(self, why: str) -> None:
        super().__init__(
            Kind.UNAUTHENTICATED, "auth.signature_invalid", f"The signature of this request is not good: {why}."
        )
