"""The language and country somebody reads in: BCP 47 language tags (RFC 5646), such as `de`, `pt-BR`, `zh-Hant-TW`.

Kept as they were given, and compared without regard to case. Whether there is anything in that language is for those to
find out who write in it.
"""

import re

from tradepost.kernel.errors import Fault

MAX_LOCALE = 35
"""RFC 5646, section 4.4.1."""

# Language, script, region and variants. Extensions and private use say nothing that a letter could follow.
_TAG = re.compile(
    r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|[0-9]{3}))?(-([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*", re.ASCII | re.IGNORECASE
)


def locale_faults(tag: str, pointer: str) -> list[Fault]:
    """What is wrong with a language tag."""
    if len(tag) > MAX_LOCALE or not _TAG.fullmatch(tag):
        return [Fault(pointer, "use a language tag (BCP 47), such as de, pt-BR or zh-Hant-TW")]
    return []
