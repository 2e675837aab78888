"""A list of one's own: a text file with a password a line, or the download of Have I Been Pwned."""

import asyncio
import hashlib
import re
from io import SEEK_END
from pathlib import Path
from typing import BinaryIO

from tradepost_adapters.breached_passwords.digests import Digests, digests

_PWNED = re.compile(rb"[0-9A-F]{40}(:[0-9]+)?\r?\n?")
_LINE = 64  # bytes; longer than any line of such a file


class UnusableList(Exception):
    """The file can not be used as a list of passwords; says why."""


def open_list(path: Path) -> "Digests | PwnedPasswords":
    """The list in a file.

    A file whose first line is a SHA-1 is taken for the passwords of Have I Been Pwned ordered by hash
    (`<SHA-1>:<count>` a line, some 40 GB): it is searched where it lies. Any other has a password a line, in UTF-8, and
    is read once. Raises `UnusableList`.
    """
    try:
        with path.open("rb") as file:
            first = file.readline(_LINE)
        if _PWNED.fullmatch(first):
            return PwnedPasswords(path)
        found = Digests(digests(path.read_text(encoding="utf-8").splitlines()))
    except OSError as error:
        raise UnusableList(f"{path.name!r} can not be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UnusableList(f"{path.name!r} is not UTF-8 text with a password a line.") from error
    if not found:
        raise UnusableList(f"{path.name!r} has no password that is long enough to be chosen at all.")
    return found


class PwnedPasswords:
    """`BreachedPasswords` by the ordered download of Have I Been Pwned. A look-up reads some forty lines of it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def has(self, password: str, /) -> bool:
        wanted = hashlib.sha1(password.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
        return await asyncio.to_thread(self._find, wanted.upper().encode())

    def _find(self, wanted: bytes) -> bool:
        with self._path.open("rb") as file:
            low, high = 0, file.seek(0, SEEK_END)
            while low < high:  # the first line that starts at `low` or after it and is not below what is wanted
                middle = (low + high) // 2
                start, line = _line_after(file, middle)
                if line and line[:40] < wanted:
                    low = start + len(line)
                else:
                    high = middle
            return _line_after(file, low)[1][:40] == wanted


def _line_after(file: BinaryIO, position: int) -> tuple[int, bytes]:
    """The first whole line that starts at `position` or after it, and where."""
    if position:
        file.seek(position - 1)
        position += len(file.readline()) - 1
    else:
        file.seek(0)
    return position, file.readline()
