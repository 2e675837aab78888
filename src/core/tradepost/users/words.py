"""Words anybody would try first as a password: the shop's name, the user's own, "password" itself."""

import re
from collections.abc import Iterable

COMMON_WORDS = frozenset(
    {
        *("tradepost", "password", "passwort", "passphrase", "secret", "letmein", "welcome", "changeme"),
        *("login", "signin", "account", "shop", "store", "admin", "administrator", "root", "test"),
        *("owner", "manager", "support", "customer", "user", "abc", "qwerty", "qwertz", "asdf"),
    }
)
"""For every shop."""

_FEW = 10  # as many as a date has, however it is written
_WORD = re.compile(r"[^\W\d_]{3,}")
_APOSTROPHES = str.maketrans("", "", "'\u2019")
# As people write letters with digits and signs. What looks the same is the same: i, l, 1 and !.
_LOOKS_LIKE = str.maketrans("013457@$!|i", "oleastaslll")


def words_in(*texts: str | None) -> frozenset[str]:
    """The words of three letters and more in a name or an address; of `Ada's`, `ada` and `adas`."""
    whole = [text for text in texts if text is not None]
    whole += [text.translate(_APOSTROPHES) for text in whole]
    return frozenset(word.lower() for text in whole for word in _WORD.findall(text))


def made_of(password: str, words: Iterable[str]) -> bool:
    """Whether there is nothing in it besides these words but a few digits and signs, which make it no better: a year,
    an exclamation mark."""
    looks = _seen(password)
    pattern = "|".join(re.escape(_seen(word)) for word in sorted(words, key=len, reverse=True) if word)
    found = list(re.finditer(pattern, looks)) if pattern else []
    if not found:
        return False
    rest = list(password)
    for match in found:
        rest[match.start() : match.end()] = " " * (match.end() - match.start())
    others = [character for character in rest if not character.isspace()]
    return len(others) <= _FEW and not any(character.isalpha() for character in others)


def _seen(text: str) -> str:
    # Letter by letter, as one letter in small may be two; places have to stay.
    return "".join(character.lower()[0] for character in text).translate(_LOOKS_LIKE)
