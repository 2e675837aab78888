"""Passwords made of words that anybody would try first here."""

from collections.abc import Iterable

from tradepost.users.passwords import BreachedPasswords
from tradepost.users.words import COMMON_WORDS, made_of


class Guessable:
    """`BreachedPasswords` that also has those made of nothing but these words, and of `COMMON_WORDS`."""

    def __init__(self, breached: BreachedPasswords, words: Iterable[str]) -> None:
        self._breached = breached
        self._words = COMMON_WORDS.union(words)

    async def has(self, password: str, /) -> bool:
        return made_of(password, self._words) or await self._breached.has(password)
