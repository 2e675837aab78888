"""What a request shows to say who is asking."""

import msgspec

from tradepost.kernel.errors import Kind, TradepostError
from tradepost.users.signatures import SignedRequest


class BearerToken(msgspec.Struct, frozen=True):
    """What follows `Authorization: Bearer`: an access token, or a machine's key. `request` is what it came with, when
    that is signed."""

    value: str
    request: SignedRequest | None = None

    def __repr__(self) -> str:
        return "BearerToken([hidden])"


class SessionCookie(msgspec.Struct, frozen=True):
    """The secret a browser keeps in its session cookie."""

    value: str

    def __repr__(self) -> str:
        return "SessionCookie([hidden])"


Credential = BearerToken | SessionCookie


class SessionEnded(TradepostError):
    """The browser's session is over, or there never was one, for whatever reason."""

    def __init__(self) -> None:
        super().__init__(Kind.UNAUTHENTICATED, "auth.session_ended", "This session is over; sign in again.")
