"""Sealed secrets and public keys, by the cryptography library."""

from tradepost_adapters.cryptography.public_keys import Ed25519PublicKeys
from tradepost_adapters.cryptography.secret_box import AesGcmSecretBox

__all__ = ["AesGcmSecretBox", "Ed25519PublicKeys"]
