"""How webhooks are signed: Standard Webhooks 1.0, with a secret both sides know (`v1`: HMAC-SHA256)."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterable
from datetime import datetime

PREFIX = "whsec_"
LENGTH = 32
"""Bytes of a new secret; the standard allows 24 to 64."""


def new_secret(entropy: Callable[[int], bytes]) -> bytes:
    """`entropy(n)` returns n random bytes."""
    return entropy(LENGTH)


def written(secret: bytes) -> str:
    """A secret as people copy it: `whsec_` and base64."""
    return PREFIX + base64.b64encode(secret).decode()


def read(text: str) -> bytes:
    """A secret back from what `written` made of it. Raises ValueError for anything else."""
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        secret = b""
    if not text.startswith(PREFIX) or not 24 <= len(secret) <= 64:
        raise ValueError(f"A secret is {PREFIX} and 24 to 64 bytes in base64.")
    return secret


def headers(message_id: str, at: datetime, body: bytes, secrets: Iterable[bytes]) -> dict[str, str]:
    """The headers that tell the receiver which message this is, when it was sent and that it is ours: a signature for
    each secret, so that a receiver who still knows the old one alone verifies it as well."""
    timestamp = int(at.timestamp())
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    signatures = [base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode() for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
