"""Passwords by Argon2id."""

from tradepost_adapters.argon2.hasher import Argon2Hasher

__all__ = ["Argon2Hasher"]
