"""Secrets sealed by the cryptography library."""

from tradepost_adapters.cryptography.secret_box import AesGcmSecretBox

__all__ = ["AesGcmSecretBox"]
