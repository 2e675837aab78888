"""Passwords that anybody would try first at this shop, or with this user, are not taken."""

from time import process_time

import pytest
from tests.core.users.desk import Desk, me

from tradepost.customers import RegisterUserCommand
from tradepost.kernel.access import GUEST
from tradepost.kernel.errors import Invalid
from tradepost.users import ChangePasswordCommand
from tradepost.users.guessable import Guessable
from tradepost.users.passwords import NoList
from tradepost.users.words import made_of, words_in
from tradepost_adapters.memory.backend import MemoryBackend

WORDS = words_in("Ada's Mugs", "https://mugs.example/account")


def test_words_are_what_names_and_addresses_are_made_of() -> None:
    assert {"ada", "adas", "mugs", "https", "example", "account"} == WORDS
    assert words_in(None, "", "a b 12 x@y.de") == frozenset()
    assert words_in("Zoë Müller") == {"zoë", "müller"}


@pytest.mark.parametrize(
    "password",
    [
        "AdasMugs1234",
        "ada-mugs-2026",
        "4d4.mug5.3xamp1e",
        "Example!Example",
        "MUGSMUGSMUGSMUGS",
        "mugs11/21/2026",
    ],
)
def test_a_password_of_such_words_digits_and_signs_is_guessable(password: str) -> None:
    assert made_of(password, WORDS)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "ada mugs and more",
        "a mug of tea for ada",
        "Müller-mugs-12",
        "ẞİﬁﬁﬁﬁﬁﬁﬁﬁ",
        "83729912004211883342",
        "mugs 8372 9912 0042",
        "!?!?!?!?!?!?",
    ],
)
def test_a_password_with_anything_else_in_it_is_not(password: str) -> None:
    assert not made_of(password, WORDS)


@pytest.mark.parametrize("password", ["Tradepost2026!", "password-password", "p4ssw0rd.Adm1n", "Welcome123456"])
async def test_there_are_words_that_are_guessed_at_every_shop(password: str) -> None:
    assert await Guessable(NoList(), ()).has(password)


async def test_what_is_on_the_list_stays_on_it() -> None:
    class All:
        async def has(self, password: str, /) -> bool:
            return True

    assert await Guessable(All(), ()).has("correct horse battery staple")


async def test_nobody_takes_their_own_name_or_address_for_a_password() -> None:
    desk = Desk(MemoryBackend())
    for password in ("ada@example.com", "Ada.Lovelace.1815", "Lovelace4d4!!"):
        with pytest.raises(Invalid) as refused:
            await desk.shop.register_user(
                RegisterUserCommand(actor=GUEST, email="ada@example.com", name="Ada Lovelace", password=password)
            )
        assert refused.value.code == "user.password_breached"
    ada = await desk.register()
    session = await desk.by_token((await desk.sign_in()).access_token)
    for actor in (session, me(ada)):
        change = ChangePasswordCommand(
            actor=actor, user_id=ada.id, old_password="wrong", new_password="Ada-Example-Com"
        )
        assert await desk.code_of(desk.shop.change_password(change)) == "user.password_breached"


def test_it_takes_no_time_to_see() -> None:
    start = process_time()
    made_of("a" * 256, WORDS)
    made_of("ada" * 85, [f"{'ad' * n}x" for n in range(100)])
    assert process_time() - start < 2  # what grows with the square of it would take minutes
