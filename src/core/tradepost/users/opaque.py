"""Secrets that mean nothing by themselves: refresh tokens and the contents of session cookies."""

import base64
import hashlib
import os
from collections.abc import Callable

SECRET_BYTES = 32
MAX_SECRET = 256
"""Characters; ours have 43. Nothing longer is hashed for anybody."""


def new_secret(entropy: Callable[[int], bytes] = os.urandom) -> str:
    """256 random bits as text."""
    return base64.urlsafe_b64encode(entropy(SECRET_BYTES)).rstrip(b"=").decode()


def hash_of(secret: str) -> str:
    """As it is stored. A fast hash will do: there is nothing to guess about 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()
