"""Signed requests: HTTP Message Signatures (RFC 9421) with Ed25519, over a digest of the content (RFC 9530).

A signature covers the method, the whole address and, where a body may come, its digest. It was made within the last
minutes and names a nonce, so that nobody can send the request again.
"""

import base64
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import HTTPMessageVerifier, MappingKeyResolver, algorithms
from http_message_signatures.digests import ContentDigest
from http_message_signatures.exceptions import HTTPMessageSignaturesException, InvalidSignature

from tradepost.users.signatures import Nonce, SignatureRefused, SignatureRequired
from tradepost_entrypoints.http.call import Call
from tradepost_entrypoints.http.problems import BadRequest, ProblemFault

MAX_AGE = timedelta(minutes=5)
SKEW = timedelta(seconds=30)
"""How far the clock of a machine may be ahead."""

_MAX_NONCE = 128
_TAG = "tradepost"
_COVERED = ("@method", "@target-uri")
_WITHOUT_BODY = ("GET", "HEAD", "DELETE", "OPTIONS")


class SignedCall:
    """`SignedRequest` of a call."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def verify(self, public_key: str, at: datetime, /) -> Nonce:
        """See `tradepost.users.signatures.SignedRequest`."""
        if b"signature-input" not in self._call.headers:
            raise SignatureRequired
        message = _Message(self._call)
        covered = _COVERED if message.method in _WITHOUT_BODY else (*_COVERED, "content-digest")
        try:
            (result,) = _Verifier(public_key, at).verify(message, expect_tag=_TAG, require_components=covered)
        except ValueError as error:  # several with our tag
            raise SignatureRefused("one signature is enough, and no more than one is taken") from error
        except (HTTPMessageSignaturesException, InvalidSignature) as error:
            raise SignatureRefused(_why(error)) from error
        nonce, created = result.nonce, result.parameters["created"]
        if not nonce or len(nonce) > _MAX_NONCE:
            raise SignatureRefused(f"it needs a nonce of at most {_MAX_NONCE} characters, another one each time")
        return Nonce(value=nonce, good_until=datetime.fromtimestamp(int(created), UTC) + MAX_AGE + SKEW)


def check_digest(call: Call, body: bytes) -> None:
    """Whether a body is the one that its Content-Digest says. Raises `request.digest` for whoever sends a wrong one."""
    digest = call.headers.get(b"content-digest")
    if digest is None:
        return
    try:
        ContentDigest.verify(digest, body)
    except (HTTPMessageSignaturesException, InvalidSignature) as error:
        detail = f"The body is not what Content-Digest says of it: {_why(error)}."
        raise BadRequest(
            400, "request.digest", detail, [ProblemFault(header="Content-Digest", detail=detail, code="digest")]
        ) from error


class _Verifier(HTTPMessageVerifier):
    """Takes one key, whatever the signature calls it, and the time from outside."""

    def __init__(self, public_key: str, at: datetime) -> None:
        raw = base64.urlsafe_b64decode(public_key + "=" * (-len(public_key) % 4))
        super().__init__(signature_algorithm=algorithms.ED25519, key_resolver=_OneKey(raw))
        self._at = at

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        created, expires = sig_input.params.get("created"), sig_input.params.get("expires")
        now = self._at.timestamp()
        if created is None:
            raise InvalidSignature("it does not say when it was created")
        if created > now + SKEW.total_seconds():
            raise InvalidSignature("it was created in the future; set the clock of the machine")
        if created < now - MAX_AGE.total_seconds():
            raise InvalidSignature(f"it was created more than {MAX_AGE.seconds // 60} minutes ago")
        if expires is not None and expires <= now:
            raise InvalidSignature("it has expired")


class _OneKey(MappingKeyResolver):
    def __init__(self, raw: bytes) -> None:
        super().__init__(public_keys={}, private_keys={})
        self._key = Ed25519PublicKey.from_public_bytes(raw)

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey:
        return self._key


class _Message:
    """A request as the library reads it: as the client has sent it, as far as proxies that are trusted tell."""

    def __init__(self, call: Call) -> None:
        scope = call.scope
        host = call.headers.get(b"host", b"").decode("latin-1")
        path = scope.get("raw_path") or str(scope["path"]).encode()
        query = scope["query_string"]
        target = path + (b"?" + query if query else b"")
        self.method = call.sent_method
        self.url = f"{call.scheme}://{host}{target.decode('latin-1')}"
        self.headers = _Fields(scope["headers"])


class _Fields:
    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw]

    def items(self) -> list[tuple[str, str]]:
        return self._pairs


def _why(error: Exception) -> str:
    text = str(error).strip().rstrip(".")
    return f"{text[:1].lower()}{text[1:]}" if text else "it does not fit the request and the key"
