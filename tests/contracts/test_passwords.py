"""The contracts of passwords, held against Argon2id and the lists of breached passwords."""

import hashlib
from pathlib import Path

import pytest

from tradepost.users.passwords import BreachedPasswords, PasswordHasher
from tradepost_adapters.argon2 import Argon2Hasher
from tradepost_adapters.breached_passwords import CommonPasswords, open_list
from tradepost_adapters.contracts.passwords import BreachedPasswordsContract, PasswordHasherContract


class TestArgon2(PasswordHasherContract):
    @pytest.fixture
    def hasher(self) -> PasswordHasher:
        return Argon2Hasher()

    @pytest.fixture
    def weaker(self) -> PasswordHasher:
        return Argon2Hasher(memory_kib=8, passes=1)


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
        path.write_text(
            "\n".join(
                sorted(hashlib.sha1(each.encode(), usedforsecurity=False).hexdigest().upper() + ":7" for each in known)
            )
        )
        return open_list(path)

    @pytest.fixture
    def known(self) -> tuple[str, ...]:
        return ("tradepost rules", "open, sesame!")
