"""What letters that follow templates need from outside."""

from typing import Protocol

import msgspec


class Rendering(msgspec.Struct, frozen=True, kw_only=True):
    """What a letter says. `html` says the same as `text`, for those who can show it."""

    subject: str
    text: str
    html: str | None = None


class LetterRenderer(Protocol):
    """Puts letters into words."""

    def render(self, letter: str, data: msgspec.Struct, locale: str | None, /) -> Rendering:
        """The letter of this name, about this, for somebody who reads `locale` (BCP 47); None, and a language there are no
        words in, takes the shop's own. The same for the same, whenever it is asked, so that a second copy of a mail is one.

        The subject is one printable line that a mail can have, whatever is in the data, and nothing in the data becomes
        markup. Raises KeyError for a letter it does not know.
        """
        ...
