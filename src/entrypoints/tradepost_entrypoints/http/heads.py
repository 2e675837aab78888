"""How large the head of a request may be. No standard says; these are what servers and proxies let through as well."""

from itertools import chain

from tradepost_entrypoints.http.call import Call
from tradepost_entrypoints.http.problems import problem
from tradepost_entrypoints.http.response import HttpResponse

MAX_FIELDS = 100
MAX_BYTES = 32 << 10
"""Names and values of all header fields together."""
MAX_TARGET = 8 << 10
"""Path and query, as they were sent."""


def oversized(call: Call) -> HttpResponse | None:
    """The refusal of a head that is too large: 414 for its target, 431 for its fields (RFC 6585, section 5)."""
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
    return None
