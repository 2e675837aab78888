"""Letters in plain words, for tests and for scripts that bring no templates."""

from collections.abc import Collection, Iterator
from typing import Any

import msgspec

from tradepost.kernel.money import Money
from tradepost.mail.mail import MAX_SUBJECT
from tradepost.mail.rendering import Rendering


class PlainLetters:
    """`LetterRenderer` without templates: the name of a letter and everything it is about, a line each, in no language.
    `asked` is what was rendered for whom, in order."""

    def __init__(self, letters: Collection[str]) -> None:
        self._letters = frozenset(letters)
        self.asked: list[tuple[str, msgspec.Struct, str | None]] = []

    def render(self, letter: str, data: msgspec.Struct, locale: str | None, /) -> Rendering:
        if letter not in self._letters:
            raise KeyError(letter)
        self.asked.append((letter, data, locale))
        text = "".join(f"{name}: {value}\n" for name, value in _leaves(data))
        return Rendering(subject=letter.replace("_", " ").capitalize()[:MAX_SUBJECT], text=text)


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, msgspec.Struct) and not isinstance(value, Money):
        for field in value.__struct_fields__:
            yield from _leaves(getattr(value, field), f"{name}.{field}" if name else field)
    elif isinstance(value, tuple):
        for place, each in enumerate(value, 1):
            yield from _leaves(each, f"{name}.{place}")
    elif value is not None:
        yield name, " ".join(str(value).split())
