"""What every adapter of second factors keeps to. Whatever is good once has one winner, however many come at once."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

import pytest

from tradepost.kernel.errors import Invalid
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.ports import HasUsers
from tradepost.users.second_factor import Challenge, SecondFactorView, Totp
from tradepost.users.second_factor_ports import HasSecondFactors, HasSignInChallenges, SecondFactorViews
from tradepost_adapters.contracts.users import a_user

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
AT_ONCE = 50
_ids = TypeIds()
R = TypeVar("R")


class SecondFactorTx(HasSecondFactors, HasSignInChallenges, HasUsers, Protocol):
    """What the suite writes with."""


class SecondFactorsAdapter(Protocol):
    """An adapter under test, empty at the start of each test."""

    @property
    def transactions(self) -> Transactions[SecondFactorTx]: ...

    @property
    def second_factor_views(self) -> SecondFactorViews: ...


async def _run(
    adapter: SecondFactorsAdapter, call: Callable[[SecondFactorTx], Awaitable[R]], *, fail: bool = False
) -> R:
    async def work(tx: SecondFactorTx) -> R:
        result = await call(tx)
        if fail:
            raise Invalid("test", "no")
        return result

    return await adapter.transactions.run(work)


async def _at_once(adapter: SecondFactorsAdapter, call: Callable[[SecondFactorTx], Awaitable[bool]]) -> int:
    """How many of those who come at the same moment are told yes."""
    return sum(await asyncio.gather(*[_run(adapter, call) for _ in range(AT_ONCE)]))


class SecondFactorsContract:
    """Bind it with a fixture `factors` that gives a `SecondFactorsAdapter`."""

    @pytest.fixture
    async def user(self, factors: SecondFactorsAdapter) -> str:
        return await self.somebody(factors)

    async def somebody(self, factors: SecondFactorsAdapter) -> str:
        user = a_user(f"{_ids.new('x')}@example.com")
        await _run(factors, lambda tx: tx.users.add(user))
        return user.id

    async def begun(self, factors: SecondFactorsAdapter, user: str, sealed: str = "sealed") -> Totp:
        totp = Totp(user_id=user, sealed=sealed, created_at=NOW)
        assert await _run(factors, lambda tx: tx.totps.begin(totp))
        return totp

    async def confirmed(self, factors: SecondFactorsAdapter, user: str, counter: int = 100) -> None:
        await self.begun(factors, user)
        assert await _run(factors, lambda tx: tx.totps.confirm(user, "sealed", counter, NOW))

    async def test_an_app_that_was_begun_comes_back_and_is_not_enabled(
        self, factors: SecondFactorsAdapter, user: str
    ) -> None:
        assert await _run(factors, lambda tx: tx.totps.find(user)) is None
        totp = await self.begun(factors, user)
        assert await _run(factors, lambda tx: tx.totps.find(user)) == totp
        assert await factors.second_factor_views.of(user) == SecondFactorView(enabled=False)
        assert await factors.second_factor_views.of("user_nobody") == SecondFactorView(enabled=False)
        assert not await _run(factors, lambda tx: tx.totps.take(user, 100))

    async def test_beginning_again_replaces_what_was_begun_and_never_what_is_confirmed(
        self, factors: SecondFactorsAdapter, user: str
    ) -> None:
        await self.begun(factors, user)
        again = Totp(user_id=user, sealed="another", created_at=LATER)
        assert await _run(factors, lambda tx: tx.totps.begin(again))
        assert await _run(factors, lambda tx: tx.totps.find(user)) == again
        assert not await _run(factors, lambda tx: tx.totps.confirm(user, "sealed", 100, LATER))
        assert await _run(factors, lambda tx: tx.totps.confirm(user, "another", 100, LATER))
        thief = Totp(user_id=user, sealed="thief's", created_at=LATER)
        assert not await _run(factors, lambda tx: tx.totps.begin(thief))
        kept = await _run(factors, lambda tx: tx.totps.find(user))
        assert kept == Totp(user_id=user, sealed="another", created_at=LATER, confirmed_at=LATER, last_counter=100)

    async def test_of_many_who_confirm_at_once_one_does(self, factors: SecondFactorsAdapter, user: str) -> None:
        await self.begun(factors, user)
        assert await _at_once(factors, lambda tx: tx.totps.confirm(user, "sealed", 100, NOW)) == 1

    async def test_of_many_who_show_one_code_at_once_one_is_right(
        self, factors: SecondFactorsAdapter, user: str
    ) -> None:
        await self.confirmed(factors, user)
        assert await _at_once(factors, lambda tx: tx.totps.take(user, 101)) == 1

    async def test_codes_are_taken_in_the_order_of_their_periods(
        self, factors: SecondFactorsAdapter, user: str
    ) -> None:
        await self.confirmed(factors, user, counter=100)
        taken = [await _run(factors, lambda tx, n=n: tx.totps.take(user, n)) for n in (99, 100, 102, 101, 102, 103)]  # type: ignore[misc]
        assert taken == [False, False, True, False, False, True]
        current = await _run(factors, lambda tx: tx.totps.find(user))
        assert current is not None
        assert current.last_counter == 103

    async def test_wrong_codes_are_counted_each_and_forgotten_by_a_right_one(
        self, factors: SecondFactorsAdapter, user: str
    ) -> None:
        await self.confirmed(factors, user)
        await asyncio.gather(*[_run(factors, lambda tx: tx.totps.failed(user, LATER)) for _ in range(7)])
        current = await _run(factors, lambda tx: tx.totps.find(user))
        assert current is not None
        assert (current.failures, current.failed_at) == (7, LATER)
        assert await _run(factors, lambda tx: tx.totps.take(user, 101))
        current = await _run(factors, lambda tx: tx.totps.find(user))
        assert current is not None
        assert (current.failures, current.failed_at) == (0, None)

    async def test_who_looks_at_an_app_holds_it_until_the_end(self, factors: SecondFactorsAdapter, user: str) -> None:
        await self.confirmed(factors, user)

        async def look_and_count(tx: SecondFactorTx) -> int:
            current = await tx.totps.find(user)
            assert current is not None
            await tx.totps.failed(user, LATER)
            return current.failures

        seen = await asyncio.gather(*[_run(factors, look_and_count) for _ in range(20)])
        assert sorted(seen) == list(range(20))

    async def test_an_app_is_removed_and_can_be_begun_anew(self, factors: SecondFactorsAdapter, user: str) -> None:
        await self.confirmed(factors, user)
        assert await _run(factors, lambda tx: tx.totps.remove(user))
        assert not await _run(factors, lambda tx: tx.totps.remove(user))
        await self.begun(factors, user)
        assert not await _run(factors, lambda tx: tx.totps.remove(user))
        await self.confirmed(factors, user, counter=5)

    async def test_a_recovery_code_is_good_once_however_many_come(
        self, factors: SecondFactorsAdapter, user: str
    ) -> None:
        await self.confirmed(factors, user)
        await _run(factors, lambda tx: tx.recovery_codes.replace(user, ["a", "b", "c"], NOW))
        assert await _at_once(factors, lambda tx: tx.recovery_codes.use(user, "b", LATER)) == 1
        view = await factors.second_factor_views.of(user)
        assert view == SecondFactorView(enabled=True, enabled_at=NOW, recovery_codes_left=2)
        assert not await _run(factors, lambda tx: tx.recovery_codes.use(user, "nothing", LATER))

    async def test_recovery_codes_are_their_users_and_replaced_together(
        self, factors: SecondFactorsAdapter, user: str
    ) -> None:
        other = await self.somebody(factors)
        await self.confirmed(factors, user)
        await _run(factors, lambda tx: tx.recovery_codes.replace(user, ["a", "b"], NOW))
        await _run(factors, lambda tx: tx.recovery_codes.replace(other, ["c"], NOW))
        assert not await _run(factors, lambda tx: tx.recovery_codes.use(other, "a", NOW))
        assert await _run(factors, lambda tx: tx.recovery_codes.use(user, "a", NOW))
        await _run(factors, lambda tx: tx.recovery_codes.replace(user, ["a", "d"], LATER))
        used = [await _run(factors, lambda tx, c=c: tx.recovery_codes.use(user, c, LATER)) for c in "abd"]  # type: ignore[misc]
        assert used == [True, False, True]
        await _run(factors, lambda tx: tx.recovery_codes.replace(user, [], LATER))
        assert (await factors.second_factor_views.of(user)).recovery_codes_left == 0
        assert await _run(factors, lambda tx: tx.recovery_codes.use(other, "c", NOW))

    async def test_a_challenge_has_so_many_tries_and_no_more_however_many_come(
        self, factors: SecondFactorsAdapter, user: str
    ) -> None:
        await _run(factors, lambda tx: tx.sign_in_challenges.add(_challenge(user, "h")))

        async def attempt(tx: SecondFactorTx) -> Challenge | None:
            return await tx.sign_in_challenges.attempt("h", LATER, 5)

        found = await asyncio.gather(*[_run(factors, attempt) for _ in range(AT_ONCE)])
        tries = [challenge for challenge in found if challenge is not None]
        assert sorted(challenge.tries for challenge in tries) == [1, 2, 3, 4, 5]
        assert tries[0].user_id == user
        assert tries[0].session_version == 3
        assert (tries[0].created_at, tries[0].expires_at) == (NOW, NOW + timedelta(minutes=5))

    async def test_a_challenge_is_finished_once(self, factors: SecondFactorsAdapter, user: str) -> None:
        await _run(factors, lambda tx: tx.sign_in_challenges.add(_challenge(user, "h")))
        assert await _at_once(factors, lambda tx: tx.sign_in_challenges.finish("h", LATER)) == 1
        assert await _run(factors, lambda tx: tx.sign_in_challenges.attempt("h", LATER, 5)) is None

    async def test_a_challenge_runs_out_and_is_forgotten_by_the_next_one_of_its_user(
        self, factors: SecondFactorsAdapter, user: str
    ) -> None:
        end = NOW + timedelta(minutes=5)
        await _run(factors, lambda tx: tx.sign_in_challenges.add(_challenge(user, "old")))
        await _run(factors, lambda tx: tx.sign_in_challenges.add(_challenge(user, "beside")))
        assert await _run(factors, lambda tx: tx.sign_in_challenges.attempt("old", end, 5)) is None
        assert await _run(factors, lambda tx: tx.sign_in_challenges.attempt("nothing", NOW, 5)) is None
        just = end - timedelta(microseconds=1)
        assert await _run(factors, lambda tx: tx.sign_in_challenges.attempt("old", just, 5)) is not None
        await _run(factors, lambda tx: tx.sign_in_challenges.add(_challenge(user, "new", at=end)))
        for gone in ("old", "beside"):
            assert not await _run(factors, lambda tx, gone=gone: tx.sign_in_challenges.finish(gone, end))  # type: ignore[misc]

    async def test_what_fails_leaves_everything_as_it_was(self, factors: SecondFactorsAdapter, user: str) -> None:
        await self.confirmed(factors, user)
        await _run(factors, lambda tx: tx.recovery_codes.replace(user, ["a"], NOW))
        await _run(factors, lambda tx: tx.sign_in_challenges.add(_challenge(user, "h")))
        calls: list[Callable[[SecondFactorTx], Awaitable[object]]] = [
            lambda tx: tx.totps.take(user, 101),
            lambda tx: tx.totps.failed(user, NOW),
            lambda tx: tx.totps.remove(user),
            lambda tx: tx.recovery_codes.use(user, "a", NOW),
            lambda tx: tx.recovery_codes.replace(user, ["b"], NOW),
            lambda tx: tx.sign_in_challenges.attempt("h", NOW, 5),
            lambda tx: tx.sign_in_challenges.finish("h", NOW),
        ]
        for call in calls:
            with pytest.raises(Invalid):
                await _run(factors, call, fail=True)
        assert await _run(factors, lambda tx: tx.totps.take(user, 101))
        assert await _run(factors, lambda tx: tx.recovery_codes.use(user, "a", NOW))
        challenge = await _run(factors, lambda tx: tx.sign_in_challenges.attempt("h", NOW, 5))
        assert challenge is not None
        assert challenge.tries == 1


def _challenge(user: str, secret_hash: str, at: datetime = NOW) -> Challenge:
    return Challenge(
        hash=secret_hash, user_id=user, session_version=3, created_at=at, expires_at=at + timedelta(minutes=5)
    )
