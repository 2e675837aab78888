"""Secrets that mean nothing by themselves."""

import base64
import hashlib

from tradepost.users.opaque import hash_of, new_secret


def test_a_secret_has_256_random_bits_and_is_stored_as_a_hash() -> None:
    asked: list[int] = []

    def entropy(count: int) -> bytes:
        asked.append(count)
        return bytes(range(count))

    secret = new_secret(entropy)
    assert asked == [32]
    assert base64.urlsafe_b64decode(secret + "=") == bytes(range(32))
    assert hash_of(secret) == hashlib.sha256(secret.encode()).hexdigest()
    assert len({new_secret() for _ in range(1000)}) == 1000
