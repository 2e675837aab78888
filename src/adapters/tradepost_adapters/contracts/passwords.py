"""What every password hasher and every maker of access tokens keeps to."""

# ruff: noqa: S101, S105 - a suite asserts, and its passwords are no secrets

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tradepost.kernel.access import Role
from tradepost.users.passwords import BreachedPasswords, PasswordHasher, Verdict
from tradepost.users.tokens import AccessTokens, Grant, InvalidToken

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
PASSWORD = "correct horse battery staple"
GRANT = Grant(user_id="user_1", role=Role.MANAGER, customer_id="cus_1", session_version=3)


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


class AccessTokensContract:
    """Bind it with fixtures `tokens`, `stranger` (the same with another secret)."""

    def test_a_token_says_whom_it_was_issued_to(self, tokens: AccessTokens) -> None:
        for grant in (GRANT, Grant(user_id="user_2", role=Role.CUSTOMER, customer_id=None, session_version=1)):
            assert tokens.verify(tokens.issue(grant, NOW), NOW) == grant

    def test_a_token_is_good_for_its_lifetime_and_no_longer(self, tokens: AccessTokens) -> None:
        token = tokens.issue(GRANT, NOW)
        life = timedelta(seconds=tokens.lifetime_seconds)
        assert tokens.verify(token, NOW + life - timedelta(seconds=2)) == GRANT
        with pytest.raises(InvalidToken):
            tokens.verify(token, NOW + life)

    def test_an_altered_token_is_refused(self, tokens: AccessTokens) -> None:
        token = tokens.issue(GRANT, NOW)
        for place in range(0, len(token), 7):
            other = "A" if token[place] != "A" else "B"
            with pytest.raises(InvalidToken):
                tokens.verify(token[:place] + other + token[place + 1 :], NOW)

    def test_what_is_no_token_is_refused(self, tokens: AccessTokens) -> None:
        token = tokens.issue(GRANT, NOW)
        for text in ("", ".", "..", "a.b.c", "ä.ö.ü", "\0", token[:-1], f"{token}.x", "a" * 100_000, f"{token} "):
            with pytest.raises(InvalidToken):
                tokens.verify(text, NOW)

    def test_the_token_of_another_secret_is_refused(self, tokens: AccessTokens, stranger: AccessTokens) -> None:
        with pytest.raises(InvalidToken):
            tokens.verify(stranger.issue(GRANT, NOW), NOW)
