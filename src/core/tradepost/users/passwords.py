"""Passwords: what is taken as one, and what hashing them needs from outside."""

import unicodedata
from collections.abc import Iterable
from typing import Protocol

import msgspec

from tradepost.kernel.errors import Fault, Invalid
from tradepost.users.words import made_of, words_in

MIN_PASSWORD = 12
MAX_PASSWORD = 256


class Verdict(msgspec.Struct, frozen=True):
    """Whether the password was right, and whether its hash was made with weaker parameters than today's."""

    right: bool
    outdated: bool = False


class PasswordHasher(Protocol):
    """Hashes passwords, slowly on purpose, and away from whatever serves other requests."""

    async def hash(self, password: str, /) -> str:
        """A hash that says how it was made. Raises `Unavailable` when too many are waiting."""
        ...

    async def verify(self, password: str, hash: str | None, /) -> Verdict:  # noqa: A002 - it is one
        """Check it. Without a hash (there is no such user) the same work is done and the password is wrong, so that
        time does not tell. Raises `Unavailable` when too many are waiting."""
        ...


class BreachedPasswords(Protocol):
    """Passwords that others know: from breaches, or because everybody takes them."""

    async def has(self, password: str, /) -> bool: ...


class NoList:
    """`BreachedPasswords` that knows none: for a shop in a test."""

    async def has(self, password: str, /) -> bool:
        return False


def normal_password(password: str) -> str:
    """A password as it is hashed: one character typed on two keyboards is the same character (NFKC, as NIST SP
    800-63B-4, section 3.1.1.2, has it)."""
    return unicodedata.normalize("NFKC", password)


async def new_password(
    password: str, breached: BreachedPasswords, pointer: str = "/password", *, about: Iterable[str | None] = ()
) -> str:
    """A password somebody chose, as it is hashed. Long and not known to others is good enough: there are no rules on
    what it is made of (NIST SP 800-63B-4, section 3.1.1.2). `about` are their address and name, which others know too.

    Raises `user.password_invalid` and `user.password_breached`.
    """
    normal = normal_password(password)
    if not MIN_PASSWORD <= len(normal) <= MAX_PASSWORD:
        sentence = f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters; a few words make a good one."
        raise Invalid("user.password_invalid", sentence, Fault(pointer, sentence))
    if made_of(normal, words_in(*about)) or await breached.has(normal):
        sentence = (
            "This password is on the lists of those who break in, or made of what they try first here; choose another,"
            " a few unrelated words say."
        )
        raise Invalid("user.password_breached", sentence, Fault(pointer, sentence))
    return normal
