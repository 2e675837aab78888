"""Secrets sealed with AES-256-GCM (NIST SP 800-38D) under a key derived from the server's secret by HKDF (RFC 5869)."""

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tradepost.kernel.secret_box import SecretUnreadable

_VERSION = "1."  # of how it is sealed; a text without it is not ours
_NONCE_BYTES = 12


class AesGcmSecretBox:
    """`SecretBox` by a secret of at least 32 bytes, which every process that opens has to share.

    The key is derived, so that the secret may serve other purposes as well. Nonces are random: some 2^32 sealings are
    safe under one secret.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 32:
            raise ValueError("The secret that seals others needs at least 32 bytes.")
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"tradepost sealed secrets").derive(secret)
        self._cipher = AESGCM(key)

    def seal(self, secret: bytes, purpose: str, /) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, secret, _VERSION.encode() + purpose.encode())
        return _VERSION + base64.urlsafe_b64encode(sealed).decode()

    def open(self, sealed: str, purpose: str, /) -> bytes:
        if not sealed.startswith(_VERSION):
            raise SecretUnreadable
        try:
            raw = base64.b64decode(sealed[len(_VERSION) :], altchars=b"-_", validate=True)
            return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _VERSION.encode() + purpose.encode())
        except (binascii.Error, InvalidTag, ValueError) as error:
            raise SecretUnreadable from error
