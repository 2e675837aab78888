"""What every rate limiter keeps to."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from datetime import timedelta

import pytest

from tradepost.kernel.rate_limits import Hit, Limit, RateLimiter, Usage


def limit(quota: int, seconds: int = 60, name: str = "some", *, exact: bool = False) -> Limit:
    return Limit(name=name, quota=quota, window=timedelta(seconds=seconds), exact=exact)


async def ask(limiter: RateLimiter, limit: Limit, key: str = "ada") -> Usage:
    (usage,) = await limiter.hit([Hit(limit, key)])
    return usage


class RateLimiterContract:
    """Bind it with a fixture `limiter` that gives a `RateLimiter` which has counted nothing yet.

    Windows of a minute are taken to outlast a test, unless it begins at their very end; those of a second are waited for.
    """

    async def test_so_many_are_let_through_and_no_more(self, limiter: RateLimiter) -> None:
        found = [await ask(limiter, limit(5)) for _ in range(7)]
        assert [usage.allowed for usage in found] == [True] * 5 + [False] * 2
        assert [usage.remaining for usage in found] == [4, 3, 2, 1, 0, 0, 0]

    async def test_who_is_let_through_need_not_wait_and_who_is_refused_is_told_how_long(
        self, limiter: RateLimiter
    ) -> None:
        first, second = await ask(limiter, limit(1)), await ask(limiter, limit(1))
        assert first.retry_after == 0
        assert 0 <= second.retry_after <= 120
        assert 60 <= second.reset_after <= 120, "this window, and the one in which it still counts"

    async def test_callers_limits_and_quotas_are_counted_apart(self, limiter: RateLimiter) -> None:
        asked = [
            (limit(1), "ada"),
            (limit(1), "grace"),
            (limit(1, name="other"), "ada"),
            (limit(1, 3600), "ada"),
            (limit(2), "ada"),
        ]
        assert [(await ask(limiter, *one)).allowed for one in asked] == [True] * 5
        assert not (await ask(limiter, limit(1), "ada")).allowed

    async def test_hits_of_one_request_are_counted_together_and_one_that_is_refused_takes_back_none(
        self, limiter: RateLimiter
    ) -> None:
        strict, loose = Hit(limit(1, name="strict"), "ada"), Hit(limit(10, name="loose"), "ada")
        assert [usage.allowed for usage in await limiter.hit([strict, loose])] == [True, True]
        refused, counted = await limiter.hit([strict, loose])
        assert (refused.allowed, refused.limit.name) == (False, "strict")
        assert (counted.allowed, counted.remaining) == (True, 8)
        assert list(await limiter.hit([])) == []

    async def test_the_quota_comes_back_as_the_window_slides_not_all_at_once(self, limiter: RateLimiter) -> None:
        short = limit(10, 1, exact=True)
        while (await ask(limiter, short)).allowed:
            pass
        refused = await ask(limiter, short)
        await asyncio.sleep(refused.retry_after + 0.02)
        assert (await ask(limiter, short)).allowed, "when it was told"
        waited = await ask(limiter, short)
        assert waited.remaining < 5, "and not everything"
        await asyncio.sleep(waited.reset_after + 0.05)
        assert (await ask(limiter, short)).remaining == 9

    async def test_who_keeps_asking_is_served_again_as_soon_as_who_waits(self, limiter: RateLimiter) -> None:
        short = limit(3, 1, exact=True)
        for _ in range(3):
            assert (await ask(limiter, short)).allowed
        patience = (await ask(limiter, short)).retry_after
        deadline = asyncio.get_running_loop().time() + patience + 0.15
        while asyncio.get_running_loop().time() < deadline:
            if (await ask(limiter, short)).allowed:
                return
            await asyncio.sleep(0.02)
        pytest.fail("refused hits were counted")

    @pytest.mark.parametrize("exact", [True, False])
    async def test_of_many_at_once_no_more_than_the_quota_are_let_through(
        self, limiter: RateLimiter, exact: bool
    ) -> None:
        one = limit(20, exact=exact)
        found = await asyncio.gather(*[ask(limiter, one) for _ in range(100)])
        assert sum(usage.allowed for usage in found) == 20

    async def test_a_key_may_be_any_text(self, limiter: RateLimiter) -> None:
        for key in ("2001:db8::/64", "a/b", "{x}", "é \n", "k" * 500):
            assert [(await ask(limiter, limit(1), key)).allowed for _ in range(2)] == [True, False]
