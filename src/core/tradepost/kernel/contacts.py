"""E-mail addresses, names and phone numbers: how they are checked, kept and compared.

An e-mail address is kept as it was written, but for its domain, which is case-insensitive (RFC 5321, section 2.4) and
kept in lower case. What comes before the @ may in theory differ by case, and never does in practice: two accounts that
differ by case alone are one person's, so addresses are compared without it.
"""

import unicodedata
from collections.abc import Mapping

from tradepost.kernel.errors import Fault

MAX_EMAIL = 254
MAX_NAME = 200
MAX_PHONE = 40
_MAX_LOCAL = 64


def email_faults(text: str, pointer: str) -> list[Fault]:
    """What is wrong with an e-mail address. Whether mail arrives there only mail can tell."""
    local, at, domain = text.strip().rpartition("@")
    labels = domain.split(".")
    if (
        not at
        or not 0 < len(local) <= _MAX_LOCAL
        or len(text.strip()) > MAX_EMAIL
        or "@" in local
        or not all(labels)
        or not all(character.isprintable() and not character.isspace() for character in text.strip())
    ):
        return [Fault(pointer, "use an e-mail address, such as ada@example.com")]
    return []


def normal_email(text: str) -> str:
    """An address as it is kept: without blanks around it, in composed form (NFC), its domain in lower case."""
    local, _, domain = unicodedata.normalize("NFC", text.strip()).rpartition("@")
    return f"{local}@{domain.lower()}"


def email_key(text: str) -> str:
    """An address as it is compared: without regard to case."""
    return unicodedata.normalize("NFC", text.strip()).casefold()


def name_key(text: str) -> str:
    """A name as it is searched: without regard to case, width and repeated blanks."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def name_faults(text: str, pointer: str) -> list[Fault]:
    return _text_faults(text, pointer, MAX_NAME)


def phone_faults(text: str, pointer: str) -> list[Fault]:
    """Any form of number is taken: countries write them in their own ways."""
    return _text_faults(text, pointer, MAX_PHONE)


def _text_faults(text: str, pointer: str, most: int) -> list[Fault]:
    if not text.strip() or len(text) > most or not text.isprintable():
        return [Fault(pointer, f"use 1 to {most} printable characters")]
    return []


def metadata_faults(metadata: Mapping[str, str], pointer: str) -> list[Fault]:
    """What is wrong with a map of the user's own keys."""
    if len(metadata) > 50 or any(len(key) > 40 or len(value) > 500 for key, value in metadata.items()):
        return [Fault(pointer, "at most 50 keys of up to 40 characters, values up to 500")]
    return []
