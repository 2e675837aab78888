"""What the head of a request may be: how large, which no standard says and these are what servers and proxies let through as
well, and with which fields once alone, as whoever stands in front may have looked at the other one."""

from collections.abc import Iterable
from itertools import chain

from tradepost_entrypoints.http.call import Call
from tradepost_entrypoints.http.problems import problem
from tradepost_entrypoints.http.response import HttpResponse

MAX_FIELDS = 100
MAX_BYTES = 32 << 10
"""Names and values of all header fields together."""
MAX_TARGET = 8 << 10
"""Path and query, as they were sent."""
_ONCE = frozenset(
    {
        b"authorization",
        b"content-type",
        b"host",
        b"idempotency-key",
        b"origin",
        b"sec-fetch-site",
        b"x-cart-token",
        b"x-csrf-token",
        b"x-order-token",
    }
)


def unfit(call: Call) -> HttpResponse | None:
    """The refusal of a head that is too large, 414 for its target, 431 for its fields (RFC 6585, section 5), or ambiguous:
    400 (RFC 9110, section 5.3)."""
    scope = call.scope
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_TARGET:
        return problem(
            call,
            414,
            "request.target_too_long",
            f"Path and query have more than {MAX_TARGET} bytes, which is the limit.",
        )
    fields = scope["headers"]
    if len(fields) > MAX_FIELDS or sum(map(len, chain.from_iterable(fields))) > MAX_BYTES:
        return problem(
            call,
            431,
            "request.headers_too_large",
            f"Send at most {MAX_FIELDS} header fields, of {MAX_BYTES} bytes together.",
        )
    if len(fields) != len(call.headers) and (twice := _twice(fields)):
        return problem(call, 400, "request.malformed", f"The header {twice} comes twice; which of them counts?")
    return None


def _twice(fields: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The first that has to be there once alone, and is not."""
    seen = set()
    for name, _ in fields:
        if name in _ONCE and name in seen:
            return name.decode()
        seen.add(name)
    return None
