"""Recovery codes: what lets somebody in whose phone is gone. Each is good once, and kept as a hash alone."""

import base64
import hashlib
import os
import re
from collections.abc import Callable, Iterable

HOW_MANY = 10
_BYTES = 15
"""120 random bits: nobody guesses them, so wrong ones need not be counted, and not even from a stolen table, so a fast hash
will do (OWASP ASVS 5.0, 6.5.2, wants 112 for that)."""
_TYPED = re.compile(r"[\s-]+")
_CODE = re.compile(r"[A-Z2-7]{24}")
# what people read for letters of base32's alphabet, which has neither of these digits
_MISREAD = str.maketrans("01", "OI")


def new_recovery_codes(entropy: Callable[[int], bytes] = os.urandom) -> tuple[str, ...]:
    """A set of codes as they are shown: `ABCD-EFGH-IJKL-MNOP-QRST-UVWX`."""
    return tuple(_shown(entropy(_BYTES)) for _ in range(HOW_MANY))


def recovery_code_hash(user_id: str, typed: str) -> str | None:
    """As it is stored, and as it is looked for; None for what can be no code. Dashes, spaces and case do not matter.

    The user is part of it, so that equal rows of two tables tell nothing and a row is good for nobody else.
    """
    bare = _TYPED.sub("", typed).upper().translate(_MISREAD)
    return _hash(user_id, bare) if _CODE.fullmatch(bare) else None


def recovery_code_hashes(user_id: str, codes: Iterable[str]) -> tuple[str, ...]:
    """A set of codes as it is stored."""
    return tuple(_hash(user_id, code.replace("-", "")) for code in codes)


def _hash(user_id: str, bare: str) -> str:
    return hashlib.sha256(f"recovery code|{user_id}|{bare}".encode()).hexdigest()


def _shown(raw: bytes) -> str:
    text = base64.b32encode(raw).decode()
    return "-".join(text[place : place + 4] for place in range(0, len(text), 4))
