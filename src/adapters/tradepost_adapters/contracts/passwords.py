"""What every password hasher and every list of breached passwords keeps to."""

# ruff: noqa: S101, S105 - a suite asserts, and its passwords are no secrets

import asyncio

from tradepost.users.passwords import BreachedPasswords, PasswordHasher, Verdict

PASSWORD = "correct horse battery staple"


class BreachedPasswordsContract:
    """Bind it with fixtures `breached`, and `known`: some passwords it has to know."""

    async def test_it_knows_what_it_was_made_of(self, breached: BreachedPasswords, known: tuple[str, ...]) -> None:
        assert [password for password in known if not await breached.has(password)] == []

    async def test_it_does_not_know_what_nobody_takes(self, breached: BreachedPasswords) -> None:
        for password in (PASSWORD, "", "пароль-пароль-пароль", "🐎" * 256, "nul\0inside-here", "half a pair \ud83d"):
            assert not await breached.has(password), password

    async def test_many_can_ask_at_once(self, breached: BreachedPasswords, known: tuple[str, ...]) -> None:
        answers = await asyncio.gather(*(breached.has(each) for each in (*known, PASSWORD) * 20))
        assert answers == [*[True] * len(known), False] * 20


class PasswordHasherContract:
    """Bind it with fixtures `hasher`, and `weaker`: one whose hashes `hasher` finds outdated."""

    async def test_the_right_password_is_right_and_others_are_wrong(self, hasher: PasswordHasher) -> None:
        made = await hasher.hash(PASSWORD)
        assert await hasher.verify(PASSWORD, made) == Verdict(right=True)
        for other in ("", PASSWORD + " ", PASSWORD.upper(), PASSWORD * 1000):
            assert await hasher.verify(other, made) == Verdict(right=False)

    async def test_a_password_of_any_characters_is_hashed_whole(self, hasher: PasswordHasher) -> None:
        for password in ("пароль-пароль", "🐎" * 64, "nul\0inside-here", "x" * 256):
            made = await hasher.hash(password)
            assert (await hasher.verify(password, made)).right
            assert not (await hasher.verify(password[:-1], made)).right

    async def test_two_hashes_of_one_password_differ_and_do_not_show_it(self, hasher: PasswordHasher) -> None:
        made = {await hasher.hash(PASSWORD) for _ in range(3)}
        assert len(made) == 3
        assert not any(PASSWORD in each for each in made)

    async def test_nobody_has_no_password(self, hasher: PasswordHasher) -> None:
        assert await hasher.verify(PASSWORD, None) == Verdict(right=False)
        assert await hasher.verify("", None) == Verdict(right=False)

    async def test_what_is_no_hash_is_nobodys_password(self, hasher: PasswordHasher) -> None:
        for broken in ("", "plain", PASSWORD, "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$"):
            assert await hasher.verify(PASSWORD, broken) == Verdict(right=False)

    async def test_a_weaker_hash_is_good_and_outdated(self, hasher: PasswordHasher, weaker: PasswordHasher) -> None:
        made = await weaker.hash(PASSWORD)
        assert await hasher.verify(PASSWORD, made) == Verdict(right=True, outdated=True)
        assert await hasher.verify("wrong", made) == Verdict(right=False)

    async def test_others_go_on_while_passwords_are_hashed(self, hasher: PasswordHasher) -> None:
        turns = 0

        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        going_on = asyncio.create_task(others())
        made = await asyncio.gather(*[hasher.hash(PASSWORD) for _ in range(8)])
        going_on.cancel()
        assert len(set(made)) == 8
        assert turns > 1
