"""Machines' own public keys: Ed25519, as PEM (RFC 8410) or as their bare 32 bytes."""

import base64
import binascii

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

_BYTES = 32


class Ed25519PublicKeys:
    """`PublicKeys`. Stored as the 32 bytes in base64url."""

    def normal(self, text: str, /) -> str | None:
        try:
            raw = _of_pem(text) if "-----BEGIN" in text else _of_base64(text)
            return None if raw is None else base64.urlsafe_b64encode(raw).decode().rstrip("=")
        except (ValueError, binascii.Error, UnsupportedAlgorithm):
            return None


def _of_pem(text: str) -> bytes | None:
    key = load_pem_public_key(text.encode())
    return key.public_bytes_raw() if isinstance(key, Ed25519PublicKey) else None


def _of_base64(text: str) -> bytes | None:
    plain = text.strip().rstrip("=").replace("-", "+").replace("_", "/")
    raw = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    return raw if len(raw) == _BYTES else None
