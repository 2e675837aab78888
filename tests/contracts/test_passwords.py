"""The contracts of passwords and access tokens, held against Argon2id, the lists of breached passwords, and JWTs."""

import hashlib
from pathlib import Path

import pytest

from tradepost.users.passwords import BreachedPasswords, PasswordHasher
from tradepost.users.tokens import AccessTokens
from tradepost_adapters.argon2 import Argon2Hasher
from tradepost_adapters.breached_passwords import CommonPasswords, open_list
from tradepost_adapters.contracts.passwords import AccessTokensContract, BreachedPasswordsContract, PasswordHasherContract
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


class TestCommonPasswords(BreachedPasswordsContract):
    @pytest.fixture
    def breached(self) -> BreachedPasswords:
        return CommonPasswords()

    @pytest.fixture
    def known(self) -> tuple[str, ...]:
        return ("qwertyqwerty", "Qwerty123456", "1qaz2wsx3edc")


class TestMountedList(BreachedPasswordsContract):
    @pytest.fixture
    def breached(self, tmp_path: Path, known: tuple[str, ...]) -> BreachedPasswords:
        path = tmp_path / "list.txt"
        path.write_text("\n".join(known))
        return open_list(path)

    @pytest.fixture
    def known(self) -> tuple[str, ...]:
        return ("tradepost rules", "open, sesame!")


class TestHaveIBeenPwned(BreachedPasswordsContract):
    @pytest.fixture
    def breached(self, tmp_path: Path, known: tuple[str, ...]) -> BreachedPasswords:
        path = tmp_path / "pwned.txt"
        path.write_text("\n".join(sorted(hashlib.sha1(each.encode()).hexdigest().upper() + ":7" for each in known)))
        return open_list(path)

    @pytest.fixture
    def known(self) -> tuple[str, ...]:
        return ("tradepost rules", "open, sesame!")
