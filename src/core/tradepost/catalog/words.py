"""Words: what a text consists of for search, sorting and addresses, whatever its case and accents.

Unicode NFKD without combining marks, casefolded; what is neither a letter nor a digit separates words: `Größe-42` is
`grosse` and `42`. Writing without spaces (Chinese, Japanese) is one word up to the next mark.
"""

import re
import unicodedata

MAX_SLUG = 255
SLUG_RULE = f"lower-case letters, digits and single hyphens, at most {MAX_SLUG}"

_MAX_LENGTH = 100
_WORD = re.compile(r"[^\W_]+")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ASCII = re.compile(r"[a-z0-9]+", re.ASCII)


def words(text: str) -> list[str]:
    """The words of a text, in their order."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return [word[:_MAX_LENGTH] for word in _WORD.findall(plain)]


def sort_key(title: str) -> str:
    """What titles are sorted by: as people read them, with neither case nor accents."""
    return " ".join(words(title))[:255]


def is_slug(slug: str) -> bool:
    return len(slug) <= MAX_SLUG and _SLUG.fullmatch(slug) is not None


def slug_of(title: str, id: str) -> str:  # noqa: A002 - `id` is what it is
    """An address made of a title; of the id's random part where the title has no letter an address can hold."""
    parts = [part for word in words(title) for part in _ASCII.findall(word)]
    return "-".join(parts)[:80].strip("-") or id.rpartition("_")[2]
