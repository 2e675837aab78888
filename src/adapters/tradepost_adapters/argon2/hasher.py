"""Argon2id (RFC 9106) by argon2-cffi, on threads of its own.

Hashing holds a core for tens of milliseconds without holding Python's lock. Two threads do it: more would take the cores
from the requests that are not about passwords. Who comes while a hundred wait is told to come back, which is sooner
than the queue would have ended.
"""

import asyncio
import base64
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from tradepost.kernel.transactions import Unavailable
from tradepost.users.passwords import Verdict

R = TypeVar("R")

MEMORY_KIB = 19 * 1024
PASSES = 2
_THREADS = 2
_MOST_WAITING = 100
_HASH_BYTES = 32
_SALT_BYTES = 16


class Argon2Hasher:
    """`PasswordHasher` by Argon2id: 19 MiB, two passes, one lane, what OWASP asks for at least.

    Tests turn the parameters down to be fast; hashes made with others than these count as outdated.
    """

    def __init__(self, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES) -> None:
        self._argon2 = PasswordHasher(
            time_cost=passes,
            memory_cost=memory_kib,
            parallelism=1,
            hash_len=_HASH_BYTES,
            salt_len=_SALT_BYTES,
            type=Type.ID,
        )
        # No password has this hash, and finding that out takes as long as with any other.
        salt, digest = (base64.b64encode(os.urandom(n)).decode().rstrip("=") for n in (_SALT_BYTES, _HASH_BYTES))
        self._nobodys = f"$argon2id$v=19$m={memory_kib},t={passes},p=1${salt}${digest}"
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="passwords")
        self._under_way = 0

    async def hash(self, password: str, /) -> str:
        return await self._run(lambda: self._argon2.hash(password))

    async def verify(self, password: str, hash: str | None, /) -> Verdict:  # noqa: A002 - the port's own word
        return await self._run(lambda: self._verify(password, self._nobodys if hash is None else hash))

    def _verify(self, password: str, encoded: str) -> Verdict:
        try:
            self._argon2.verify(encoded, password)
        except (VerificationError, InvalidHashError):
            return Verdict(right=False)
        return Verdict(right=True, outdated=self._argon2.check_needs_rehash(encoded))

    async def _run(self, work: Callable[[], R]) -> R:
        if self._under_way >= _THREADS + _MOST_WAITING:
            raise Unavailable("sign_in", "Too many people are signing in at this moment; try again in a moment.")
        self._under_way += 1
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        future.add_done_callback(self._done)  # also when the caller has gone away
        return await future

    def _done(self, _: object) -> None:
        self._under_way -= 1
