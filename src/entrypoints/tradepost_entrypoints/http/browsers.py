"""Browsers that are signed in by a cookie, and the pages of others that would use it (cross-site request forgery).

The cookie is `__Host-`, `Secure`, `HttpOnly` and `SameSite=Lax`: sent to this host alone, over https alone, readable by
no script, and not sent along when the page of another site posts something. What changes anything needs, besides, an
origin that is ours or on the list, and a token that is bound to the session and that only our own pages can read.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable

from tradepost.kernel.errors import Kind, TradepostError
from tradepost_entrypoints.http.call import Call
from tradepost_entrypoints.http.response import Headers

COOKIE = "__Host-tradepost"
CSRF_HEADER = "X-CSRF-Token"

_NAME = COOKIE.encode()
_ATTRIBUTES = b"; Path=/; Secure; HttpOnly; SameSite=Lax"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FORGET: Headers = [(b"set-cookie", _NAME + b"=" + _ATTRIBUTES + b"; Max-Age=0")]
"""Tells the browser that the cookie is of no use any more."""


def cookie_of(call: Call) -> str | None:
    """The secret in the session cookie the request shows, if there is one."""
    for pair in call.headers.get(b"cookie", b"").split(b";"):
        name, _, value = pair.strip().partition(b"=")
        if name == _NAME:
            return value.decode("latin-1")
    return None


def keep(secret: str) -> Headers:
    """Tells the browser to show this from now on, until it is closed: when the session ends is for the server to say."""
    return [(b"set-cookie", _NAME + b"=" + secret.encode() + _ATTRIBUTES)]


class Forgery(TradepostError):
    """The request may have been made by somebody else's page."""

    def __init__(self, detail: str) -> None:
        super().__init__(Kind.FORBIDDEN, "auth.csrf", detail)


class Browsers:
    """Tells requests our own pages made from those the pages of others did. `origins` are those that are trusted beside
    the service's own."""

    def __init__(self, secret: bytes, origins: Iterable[str] = ()) -> None:
        self._secret = secret
        self._origins = frozenset(origin.encode() for origin in origins)

    def csrf_token(self, session_id: str) -> str:
        """What a page has to show with whatever changes something, for as long as the session lasts: an HMAC-SHA256 of
        the session's id under the shop's secret, so that nothing is stored."""
        digest = hmac.digest(self._secret, b"csrf:" + session_id.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest[:24]).decode()

    def require_own_page(self, call: Call) -> None:
        """Raise `auth.csrf` unless a page of ours, or of a trusted origin, made the request.

        Browsers say so by themselves, in headers no page can set: `Sec-Fetch-Site` (W3C Fetch Metadata), and `Origin`
        with everything that is not a plain GET.
        """
        if call.headers.get(b"sec-fetch-site") == b"same-origin":
            return
        origin = call.headers.get(b"origin")
        if origin is None:
            raise Forgery("A request with a session cookie that changes something needs an Origin header.")
        own = call.scheme.encode() + b"://" + call.headers.get(b"host", b"")
        if origin != own and origin not in self._origins:
            raise Forgery("Pages of this origin may not use the session of this one.")

    def require_ours(self, call: Call, session_id: str) -> None:
        """Raise `auth.csrf` for what changes something and was not sent by a page of ours, in this session."""
        if call.method in _SAFE:
            return
        self.require_own_page(call)
        shown = call.headers.get(CSRF_HEADER.lower().encode(), b"")
        if not hmac.compare_digest(self.csrf_token(session_id).encode(), shown):
            raise Forgery(f"Send the session's csrf_token in {CSRF_HEADER}; GET /auth/session tells it.")
