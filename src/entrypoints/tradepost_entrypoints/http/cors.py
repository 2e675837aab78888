"""Which pages of other origins may call the API from a browser (Fetch standard, section "CORS protocol")."""

from collections.abc import Iterable

from tradepost_entrypoints.http.call import Call
from tradepost_entrypoints.http.response import Headers, HttpResponse

_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE"
_READABLE = (
    b"ETag, Location, Link, Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, Idempotent-Replayed, Deprecation, "
    b"Sunset, WWW-Authenticate"
)
_SENDABLE = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "X-CSRF-Token",
    "X-Request-Id",
)
_HOURS = b"7200"  # what browsers keep a preflight's answer for at most


class Cors:
    """Lets pages of exactly these origins in. With `credentials`, browsers send cookies along and let the page read the
    answer; the origin is always named, so it is never everybody's."""

    def __init__(self, origins: Iterable[str], *, credentials: bool = False, headers: Iterable[str] = ()) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)
        self._credentials = credentials
        self._sendable = ", ".join(sorted({*_SENDABLE, *headers})).encode()

    def preflight(self, call: Call) -> HttpResponse | None:
        """The answer to a browser that asks first, before anybody asks who it is; None when this is no such question."""
        if call.method != "OPTIONS" or b"access-control-request-method" not in call.headers:
            return None
        if call.headers.get(b"origin") not in self._origins:
            return HttpResponse(204, media_type=None)
        allowed = [
            (b"access-control-allow-methods", _METHODS),
            (b"access-control-allow-headers", self._sendable),
            (b"access-control-max-age", _HOURS),
        ]
        return HttpResponse(204, headers=allowed, media_type=None)

    def headers(self, call: Call) -> Headers:
        """What every answer carries: that it depends on the origin, and, for one of ours, that its page may read it."""
        origin = call.headers.get(b"origin")
        if origin is None or origin not in self._origins:
            return [(b"vary", b"Origin")]
        found = [
            (b"vary", b"Origin"),
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", _READABLE),
        ]
        if self._credentials:
            found.append((b"access-control-allow-credentials", b"true"))
        return found
