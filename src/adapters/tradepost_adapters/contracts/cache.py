"""What every cache keeps to."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

import msgspec
import pytest

from tradepost.kernel.cache import Cache
from tradepost.kernel.errors import NotFound
from tradepost.kernel.money import Money
from tradepost.kernel.pages import Page

MINUTE = timedelta(minutes=1)
T = TypeVar("T")


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """A view as caches keep them."""

    id: str
    price: Money | None = None
    at: datetime = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
    names: dict[str, str] = {}


class Source(Generic[T]):
    """Something slow to load from, which counts how often it was asked."""

    def __init__(self, value: T, *, slow: float = 0.0) -> None:
        self.value = value
        self.asked = 0
        self.slow = slow
        self.began = asyncio.Event()
        self.holding = asyncio.Event()  # cleared, it does not answer until it is set
        self.holding.set()
        self.tags: Iterable[str] = ("a",)

    async def __call__(self) -> T:
        self.asked += 1
        self.began.set()
        value = self.value
        await asyncio.sleep(self.slow)
        await self.holding.wait()
        return value

    async def through(self, cache: Cache, kind: type[T], key: str = "key", ttl: timedelta = MINUTE) -> T:
        return await cache.fetch(key, kind, self, tags=lambda _: self.tags, ttl=ttl)


class CacheContract:
    """Bind it with a fixture `cache` that gives a `Cache` which keeps nothing yet."""

    async def test_a_value_is_loaded_once_and_comes_back_as_it_was(self, cache: Cache) -> None:
        thing = Thing(id="1", price=Money(2**53 + 1, "KWD"), names={"größe": "\u0000 \U0001f9e6"})
        source = Source(thing)
        assert [await source.through(cache, Thing) for _ in range(3)] == [thing] * 3
        assert source.asked == 1

    async def test_pages_of_views_are_kept_too(self, cache: Cache) -> None:
        page = Page(items=(Thing(id="1"), Thing(id="2")), next_cursor="next")
        source = Source(page)
        assert [await source.through(cache, Page[Thing]) for _ in range(2)] == [page, page]
        assert source.asked == 1

    async def test_keys_do_not_mix(self, cache: Cache) -> None:
        one, two = Source(Thing(id="1")), Source(Thing(id="2"))
        for _ in range(2):
            assert (await one.through(cache, Thing, "one"), await two.through(cache, Thing, "two")) == (
                Thing(id="1"),
                Thing(id="2"),
            )

    async def test_a_value_is_forgotten_when_its_time_is_up(self, cache: Cache) -> None:
        source = Source(Thing(id="1"))
        await source.through(cache, Thing, ttl=timedelta(milliseconds=30))
        await asyncio.sleep(0.06)
        await source.through(cache, Thing)
        assert source.asked == 2

    async def test_a_tag_forgets_every_value_that_carries_it_and_no_other(self, cache: Cache) -> None:
        sources = {tags: Source(Thing(id=tags)) for tags in ("a", "ab", "b", "c")}
        for tags, source in sources.items():
            source.tags = tuple(tags)
            await source.through(cache, Thing, tags)
        await cache.invalidate("b", "never seen")
        for tags, source in sources.items():
            await source.through(cache, Thing, tags)
        assert {tags: source.asked for tags, source in sources.items()} == {"a": 1, "ab": 2, "b": 2, "c": 1}

    async def test_what_was_invalidated_is_read_anew_at_once(self, cache: Cache) -> None:
        source = Source(Thing(id="old"))
        await source.through(cache, Thing)
        for name in ("new", "newer"):
            source.value = Thing(id=name)
            await cache.invalidate("a")
            assert (await source.through(cache, Thing)).id == name

    async def test_many_who_ask_at_once_load_once(self, cache: Cache) -> None:
        source = Source(Thing(id="1"), slow=0.05)
        found = await asyncio.gather(*[source.through(cache, Thing) for _ in range(50)])
        assert found == [Thing(id="1")] * 50
        assert source.asked == 1

    async def test_a_value_that_was_invalidated_while_it_was_loaded_is_not_kept(self, cache: Cache) -> None:
        source = Source(Thing(id="old"), slow=0.05)
        early = asyncio.create_task(source.through(cache, Thing))
        await asyncio.sleep(0.02)
        source.value = Thing(id="new")
        await cache.invalidate("a")
        late = await source.through(cache, Thing)
        assert late.id == "new", "who asks after the invalidation does not get what was loading before it"
        await early
        assert (await source.through(cache, Thing)).id == "new"

    async def test_a_failure_reaches_everybody_and_is_not_remembered(self, cache: Cache) -> None:
        asked = 0

        async def fail() -> Thing:
            nonlocal asked
            asked += 1
            await asyncio.sleep(0.02)
            raise NotFound("thing", "1")

        def through() -> "asyncio.Future[Thing]":
            return asyncio.ensure_future(cache.fetch("key", Thing, fail, tags=lambda _: (), ttl=MINUTE))

        results = await asyncio.gather(*[through() for _ in range(5)], return_exceptions=True)
        assert [type(result) for result in results] == [NotFound] * 5
        assert asked == 1
        with pytest.raises(NotFound):
            await through()
        assert asked == 2

    async def test_a_caller_that_goes_away_leaves_the_others_their_answer(self, cache: Cache) -> None:
        source = Source(Thing(id="1"))
        source.holding.clear()
        first, second = (asyncio.create_task(source.through(cache, Thing)) for _ in range(2))
        await source.began.wait()
        first.cancel()
        await asyncio.sleep(0)
        source.holding.set()
        assert (await second).id == "1"
        assert source.asked == 1
        with pytest.raises(asyncio.CancelledError):
            await first
