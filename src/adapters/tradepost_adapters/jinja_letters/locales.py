"""From a language tag to what Babel knows of it."""

from collections.abc import Iterator
from functools import lru_cache

from babel import Locale, UnknownLocaleError


def candidates(tag: str) -> Iterator[str]:
    """The tag in lower case, then with one part less at a time: `de-ch-1996`, `de-ch`, `de` (RFC 4647, section 3.4)."""
    parts = tag.lower().split("-")
    while parts:
        yield "-".join(parts)
        parts.pop()


@lru_cache(maxsize=256)
def locale_of(tag: str) -> Locale | None:
    """What is known of it, or of as much of it as is known."""
    for candidate in candidates(tag):
        try:
            return Locale.parse(candidate, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return None
