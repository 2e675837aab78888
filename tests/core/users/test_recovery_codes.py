"""Recovery codes are hard to guess, easy to type, and stored so that nobody can read them."""

import re

import pytest

from tradepost.users.recovery_codes import new_recovery_codes, recovery_code_hash


def test_there_are_ten_of_a_hundred_and_twenty_random_bits_each() -> None:
    asked: list[int] = []

    def entropy(count: int) -> bytes:
        asked.append(count)
        return bytes([len(asked)]) * count

    codes = new_recovery_codes(entropy)
    assert asked == [15] * 10
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"([A-Z2-7]{4}-){5}[A-Z2-7]{4}", code) for code in codes)
    assert len(set(new_recovery_codes() + new_recovery_codes())) == 20


def test_a_code_is_found_however_it_is_typed() -> None:
    code = "OIAB-CDEF-GHJK-LMNO-PQRS-TUVO"
    kept = recovery_code_hash("user_1", code)
    assert kept is not None
    for typed in (
        code.lower(),
        code.replace("-", ""),
        code.replace("-", " "),
        f" {code} ",
        "01AB-CDEF-GHJK-LMN0-PQRS-TUV0",
    ):
        assert recovery_code_hash("user_1", typed) == kept


def test_a_code_is_good_for_its_user_alone() -> None:
    (code, *_) = new_recovery_codes()
    assert recovery_code_hash("user_1", code) != recovery_code_hash("user_2", code)
    assert code.replace("-", "") not in str(recovery_code_hash("user_1", code))


@pytest.mark.parametrize(
    "typed", ["", "ABCD", "ABCD-EFGH-IJKL-MNOP-QRST-UVW8", "ABCD-EFGH-IJKL-MNOP-QRST-UVWXY", "123456", "é" * 24]
)
def test_what_is_no_code_has_no_hash(typed: str) -> None:
    assert recovery_code_hash("user_1", typed) is None
