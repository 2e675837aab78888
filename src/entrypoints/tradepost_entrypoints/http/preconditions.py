"""Request headers with a meaning of their own: If-Match, If-None-Match, Idempotency-Key."""

import re
from hashlib import blake2b

from tradepost.kernel.idempotency import MAX_KEY, IdempotencyKey, scope_of
from tradepost_entrypoints.http.call import Call
from tradepost_entrypoints.http.problems import ProblemFault

# An entity tag of ours: the version, and a digest of what was shown (prices in a cart change without a new version).
_TAG = re.compile(rb'\s*(?:W/)?"(?:v)?(\d{1,18})(?:-[0-9a-f]+)?"\s*')
_ANY_TAG = re.compile(rb'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_GUEST_TOKENS = (b"x-cart-token", b"x-order-token")


def expected_version(call: Call, faults: list[ProblemFault]) -> int | None:
    """The version that `If-Match` names (RFC 9110, section 13.1.1); None when it is missing or `*`.

    `"3"`, `"3-1f2e"` and their weak forms name version 3: the version is the resource's own, so both compare it alike.
    """
    value = call.headers.get(b"if-match")
    if value is None or value.strip() == b"*":
        return None
    match = _TAG.fullmatch(value)
    if match is None:
        detail = 'Send the ETag you were given, such as "3-9a0b1c2d", or *; one tag only.'
        faults.append(ProblemFault(header="If-Match", detail=detail))
        return None
    return int(match[1])


def not_modified(call: Call, etag: bytes) -> bool:
    """Whether `If-None-Match` already has this (RFC 9110, section 13.1.2: weak comparison). Junk matches nothing."""
    value = call.headers.get(b"if-none-match")
    if value is None:
        return False
    return value.strip() == b"*" or etag in _ANY_TAG.findall(value)


def idempotency_key(call: Call, body: bytes, faults: list[ProblemFault]) -> IdempotencyKey | None:
    """The `Idempotency-Key`, bare or quoted as the IETF draft has it, with its owner and a hash of the request."""
    value = call.headers.get(b"idempotency-key")
    if value is None:
        return None
    text = value.decode("latin-1").strip()
    if text.startswith('"'):
        quoted = _QUOTED.fullmatch(text)
        text = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else ""
    if not _PRINTABLE.fullmatch(text) or len(text) > MAX_KEY:
        detail = f"A key has 1 to {MAX_KEY} printable ASCII characters without blanks, bare or in double quotes."
        faults.append(ProblemFault(header="Idempotency-Key", detail=detail))
        return None
    return IdempotencyKey(
        scope=scope_of(call.actor, _guest_token(call)), key=text, fingerprint=_fingerprint(call, body)
    )


def _guest_token(call: Call) -> str | None:
    for name in _GUEST_TOKENS:
        if token := call.headers.get(name):
            return token.decode("latin-1")
    return None


def _fingerprint(call: Call, body: bytes) -> str:
    what = f"{call.method} {call.path}?".encode() + call.scope["query_string"]
    return blake2b(b"%d:%s%s" % (len(what), what, body), digest_size=16).hexdigest()
