"""Keeping what is read often: a port that loads once, remembers for a while, and forgets by tag.

A cache is an optimization and never a record: it may forget at any time, and whoever reads through it gets an answer
whether or not it is there.
"""

from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Protocol, TypeVar

T = TypeVar("T")

MAX_TTL = timedelta(days=1)
"""No value is kept longer; adapters may rely on it for what they remember about tags."""


class Cache(Protocol):
    """Remembers values by key. A value carries tags, and forgetting a tag forgets every value that carries it."""

    async def fetch(
        self,
        key: str,
        kind: type[T],
        load: Callable[[], Awaitable[T]],
        /,
        *,
        tags: Callable[[T], Iterable[str]],
        ttl: timedelta,
    ) -> T:
        """The value kept under `key`, or what `load` gives, which is then kept for `ttl` (at most `MAX_TTL`).

        `kind` is what a stored value is read back as. However many ask at once, `load` runs once (single flight).
        A value whose tag was invalidated while it was being loaded is not kept, and who asks after the invalidation
        does not get it. A cache that is away costs a load and never an error. Raises what `load` raises; failures are
        not remembered.
        """
        ...

    async def invalidate(self, *tags: str) -> None:
        """Forget every value that carries one of the tags. Raises `cache.unavailable` when that can not be done now."""
        ...


class NoCache:
    """`Cache` that keeps nothing: every fetch loads."""

    async def fetch(
        self,
        key: str,
        kind: type[T],
        load: Callable[[], Awaitable[T]],
        /,
        *,
        tags: Callable[[T], Iterable[str]],
        ttl: timedelta,
    ) -> T:
        return await load()

    async def invalidate(self, *tags: str) -> None:
        """Nothing is kept, so there is nothing to forget."""
