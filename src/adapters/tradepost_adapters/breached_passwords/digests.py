"""A sorted list of digests, looked through by bisection: nothing is parsed, and nobody reads the passwords in it."""

import hashlib
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import overload

from tradepost.users.passwords import MIN_PASSWORD

_WIDTH = 8
"""Bytes of the SHA-256 that are kept. That a good password has the digest of a bad one happens once in 10¹⁴ times."""


def digest(password: str) -> bytes:
    """Of a password however it is capitalized: who tries `qwerty` tries `Qwerty` as well."""
    normal = unicodedata.normalize("NFKC", password).lower()
    return hashlib.sha256(normal.encode("utf-8", "surrogatepass")).digest()[:_WIDTH]


def digests(passwords: Iterable[str]) -> bytes:
    """The list of these passwords; those too short to be taken anyway are left out."""
    return b"".join(sorted({digest(each) for each in passwords if len(each) >= MIN_PASSWORD}))


class Digests:
    """`BreachedPasswords` by a list that `digests` made."""

    def __init__(self, data: bytes) -> None:
        self._entries = _Entries(data)

    def __len__(self) -> int:
        return len(self._entries)

    async def has(self, password: str, /) -> bool:
        wanted = digest(password)
        place = bisect_left(self._entries, wanted)
        return place < len(self._entries) and self._entries[place] == wanted


class CommonPasswords(Digests):
    """The 25,000 passwords of twelve characters and more that were most often found in breaches, as they ship.

    Made of the "10 million password list" of Mark Burnett (public domain), in the edition of SecLists (MIT).
    """

    def __init__(self) -> None:
        super().__init__(files(__package__).joinpath("common.sha256").read_bytes())


class _Entries(Sequence[bytes]):
    """The entries of a list, for bisection: none is made before it is looked at."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __len__(self) -> int:
        return len(self._data) // _WIDTH

    @overload
    def __getitem__(self, place: int, /) -> bytes: ...

    @overload
    def __getitem__(self, place: slice, /) -> Sequence[bytes]: ...

    def __getitem__(self, place: int | slice, /) -> bytes | Sequence[bytes]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        return self._data[place * _WIDTH : (place + 1) * _WIDTH]
