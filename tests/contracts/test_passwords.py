"""The contracts of passwords and access tokens, held against Argon2id and JWTs."""

import pytest

from tradepost.users.passwords import PasswordHasher
from tradepost.users.tokens import AccessTokens
from tradepost_adapters.argon2 import Argon2Hasher
from tradepost_adapters.contracts.passwords import AccessTokensContract, PasswordHasherContract
from tradepost_adapters.jose import JwtTokens


class TestArgon2(PasswordHasherContract):
    @pytest.fixture
    def hasher(self) -> PasswordHasher:
        return Argon2Hasher()

    @pytest.fixture
    def weaker(self) -> PasswordHasher:
        return Argon2Hasher(memory_kib=8, passes=1)


class TestJwt(AccessTokensContract):
    @pytest.fixture
    def tokens(self) -> AccessTokens:
        return JwtTokens(b"one secret of at least 32 bytes!")

    @pytest.fixture
    def stranger(self) -> AccessTokens:
        return JwtTokens(b"another secret of 32 bytes, too!")
