"""What is taken as a password, and for how long it is one."""

from datetime import timedelta

import pytest
from tests.core.users.desk import Desk

from tradepost.customers import RegisterUserCommand
from tradepost.kernel.access import GUEST
from tradepost.kernel.errors import Invalid
from tradepost.users import SignInCommand
from tradepost.users.passwords import NoList, new_password, normal_password
from tradepost_adapters.memory.backend import MemoryBackend

LONG = "".join(chr(0x4E00 + number) for number in range(256))


@pytest.mark.parametrize(
    ("length", "taken"), [(0, False), (11, False), (12, True), (64, True), (128, True), (256, True), (257, False)]
)
async def test_a_password_has_twelve_to_256_characters(length: int, taken: bool) -> None:
    password = LONG[:length].ljust(length, "x")
    if taken:
        assert await new_password(password, NoList()) == password
    else:
        with pytest.raises(Invalid) as refused:
            await new_password(password, NoList())
        assert refused.value.code == "user.password_invalid"


@pytest.mark.parametrize(
    "password",
    ["aaaaaaaaaaaa", "1029384756102", "????????????", "            .", "кириллица без цифр", "a\tb\tc\td\te\tf\t"],
)
async def test_it_may_be_made_of_anything(password: str) -> None:
    assert await new_password(password, NoList()) == password


async def desk_with(password: str) -> Desk:
    desk = Desk(MemoryBackend())
    await desk.shop.register_user(
        RegisterUserCommand(actor=GUEST, email="ada@example.com", name="Ada", password=password)
    )
    return desk


@pytest.mark.parametrize("other", [LONG[:255], LONG[:255] + "x", LONG + "x", " " + LONG, LONG[1:], LONG[:128]])
async def test_every_character_counts_of_the_longest_one(other: str) -> None:
    desk = await desk_with(LONG)
    assert await desk.code_of(desk.sign_in(password=other)) == "auth.failed"
    assert (await desk.sign_in(password=LONG)).user.email == "ada@example.com"


async def test_neither_case_nor_blanks_are_changed() -> None:
    desk = await desk_with(" Correct Horse Battery ")
    for other in (
        "correct horse battery",
        " correct horse battery ",
        "Correct Horse Battery",
        " CORRECT HORSE BATTERY ",
    ):
        assert await desk.code_of(desk.sign_in(password=other)) == "auth.failed"
    assert normal_password(" Correct Horse Battery ") == " Correct Horse Battery "
    await desk.sign_in(password=" Correct Horse Battery ")


async def test_it_stays_good_for_years() -> None:
    desk = await desk_with("correct horse battery staple")
    desk.clock.advance(timedelta(days=3650))
    command = SignInCommand(email="ada@example.com", password="correct horse battery staple")
    assert await desk.shop.sign_in(command)
