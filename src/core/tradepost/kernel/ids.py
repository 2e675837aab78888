"""TypeIDs over UUIDv7: an id says what it names, sorts by the time it was made, and indexes stay local.

`order_01k9zm3v6ye2rb7tcn5hdq8w4x`: a prefix, an underscore and 26 characters of Crockford's base32 holding the
128 bits of a UUIDv7 (RFC 9562, section 5.7), as the TypeID specification (v0.3) says.
"""

import os
import re
import threading
import time
from collections.abc import Callable

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]
_PREFIX = re.compile(r"[a-z]([a-z_]{0,14}[a-z])?")
_SUFFIX = r"[0-7][0-9a-hjkmnp-tv-z]{25}"


def id_pattern(prefix: str) -> str:
    """The regular expression an id with this prefix matches, for `Annotated[OrderId, Meta(pattern=…)]`."""
    return f"^{prefix}_{_SUFFIX}$"


class TypeIds:
    """Mints ids, strictly increasing within one instance, also within one millisecond and when the clock steps back.

    `entropy(n)` returns n random bytes and `milliseconds()` the Unix time; both can be replaced to make ids repeatable.
    The random half of an id starts at 73 random bits and counts up within a millisecond, so ids of one process sort in
    the order they were made and ids of two processes do not collide, nor those of a process and its forks.
    """

    def __init__(
        self,
        entropy: Callable[[int], bytes] = os.urandom,
        milliseconds: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._entropy = entropy
        self._milliseconds = milliseconds
        self._last = 0
        self._tail = 0  # the 74 random bits of the last id
        self._forks = _Forks.seen
        self._lock = threading.Lock()

    def new(self, prefix: str) -> str:
        """A new id such as `order_01k9…`. `prefix` is lower-case letters and underscores, at most 16 characters."""
        with self._lock:
            now = self._milliseconds()
            if now > self._last or self._forks != _Forks.seen:
                self._last = max(now, self._last)
                self._forks = _Forks.seen
                self._tail = int.from_bytes(self._entropy(10), "big") >> 7  # 73 bits: room to count up
            else:
                self._tail += 1
                if self._tail >> 74:
                    self._last += 1
                    self._tail = int.from_bytes(self._entropy(10), "big") >> 7
            moment, tail = self._last, self._tail
        value = (moment << 80) | (0x7 << 76) | ((tail >> 62) << 64) | (0b10 << 62) | (tail & ((1 << 62) - 1))
        return f"{prefix}_{_encode(value)}"


class _Forks:
    """How many forks lie between this process and the one that imported the module: a child must not count on from
    where its parent stands."""

    seen = 0

    @classmethod
    def count(cls) -> None:
        cls.seen += 1


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_Forks.count)


def _encode(value: int) -> str:
    pairs = _PAIRS
    return "".join([pairs[(value >> shift) & 1023] for shift in range(120, -1, -10)])


def uuid_of(type_id: str) -> str:
    """The UUIDv7 inside a TypeID, in the usual 8-4-4-4-12 form. Raises ValueError for anything else."""
    prefix, _, suffix = type_id.rpartition("_")
    if len(suffix) != 26 or not _PREFIX.fullmatch(prefix):
        raise ValueError(f"{type_id!r} is not a TypeID.")
    value = 0
    for character in suffix:
        value = (value << 5) | _ALPHABET.index(character)
    digits = f"{value:032x}"
    if len(digits) != 32:
        raise ValueError(f"{type_id!r} is not a TypeID: it holds more than 128 bits.")
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
