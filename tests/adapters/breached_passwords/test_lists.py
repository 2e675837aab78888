"""Lists of passwords nobody may choose."""

import hashlib
import random
from pathlib import Path

import pytest

from tradepost_adapters.breached_passwords import CommonPasswords, UnusableList, open_list


async def test_the_list_that_ships_knows_what_everybody_takes() -> None:
    common = CommonPasswords()
    assert len(common) == 25_000
    for password in ("qwertyqwerty", "123456654321", "1qaz2wsx3edc", "Qwerty123456", "QWERTYQWERTY"):
        assert await common.has(password), password


async def test_the_list_that_ships_knows_nothing_of_what_nobody_takes() -> None:
    common = CommonPasswords()
    for password in ("correct horse battery staple", "a longer stretch of pasture", "qwertyqwerty!"):
        assert not await common.has(password), password


async def test_a_text_file_with_a_password_a_line_is_a_list(tmp_path: Path) -> None:
    path = tmp_path / "ours.txt"
    path.write_text("tradepost rules\nshort\nein Paßwort für alle\n", encoding="utf-8")
    ours = open_list(path)
    assert await ours.has("Tradepost Rules")
    assert await ours.has("ein Paßwort für alle")
    assert not await ours.has("another password")


@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
async def test_the_download_of_have_i_been_pwned_is_searched_where_it_lies(
    tmp_path: Path, counts: bool, ending: str
) -> None:
    passwords = [f"a password in a breach {number}" for number in range(500)]
    chance = random.Random(7)
    lines = sorted(_sha1(each) + (f":{chance.randrange(1, 10**7)}" if counts else "") for each in passwords)
    path = tmp_path / "pwned-passwords-sha1-ordered-by-hash.txt"
    path.write_bytes(ending.join(lines).encode())
    pwned = open_list(path)
    for password in passwords:
        assert await pwned.has(password), password
    for number in range(500):
        assert not await pwned.has(f"a password nobody has {number}")


async def test_a_download_of_one_line_is_searched_too(tmp_path: Path) -> None:
    path = tmp_path / "pwned.txt"
    path.write_text(_sha1("the only one there is") + ":3\n")
    assert await open_list(path).has("the only one there is")
    assert not await open_list(path).has("another one")


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"short\n", "long enough"), (b"", "long enough"), (b"\xff\xfe\xff\xfe\n", "UTF-8"), (None, "can not be read")],
)
def test_a_file_that_is_no_list_is_refused_with_the_reason(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "list.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnusableList, match=reason):
        open_list(path)


def _sha1(password: str) -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
