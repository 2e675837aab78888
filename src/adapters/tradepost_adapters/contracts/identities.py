"""What every adapter of accounts elsewhere keeps to."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec
import pytest

from tradepost.kernel.ids import TypeIds
from tradepost.kernel.pages import PageRequest
from tradepost.kernel.transactions import Transactions
from tradepost.users.identity import Attempt, Identity, IdentityTaken
from tradepost.users.identity_ports import HasAttempts, HasIdentities, IdentityViews
from tradepost.users.opaque import hash_of, new_secret
from tradepost.users.ports import HasUsers
from tradepost_adapters.contracts.users import a_user

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
_SOON = timedelta(minutes=10)
_ids = TypeIds()


class IdentitiesTx(HasUsers, HasIdentities, HasAttempts, Protocol): ...


class IdentitiesAdapter(Protocol):
    """An adapter under test, empty at the start of each test."""

    @property
    def transactions(self) -> Transactions[IdentitiesTx]: ...

    @property
    def identity_views(self) -> IdentityViews: ...


class IdentitiesContract:
    """Bind it with a fixture `elsewhere` that gives an `IdentitiesAdapter`."""

    async def test_an_account_elsewhere_is_found_by_issuer_and_subject_together(
        self, elsewhere: IdentitiesAdapter
    ) -> None:
        ada = await _linked(elsewhere, await _user(elsewhere, "ada@example.com"), "https://one.example", "7")
        bo = await _linked(elsewhere, await _user(elsewhere, "bo@example.com"), "https://two.example", "7")
        assert await _found(elsewhere, "https://one.example", "7") == ada
        assert await _found(elsewhere, "https://two.example", "7") == bo
        assert await _found(elsewhere, "https://one.example", "8") is None

    async def test_one_account_elsewhere_is_linked_to_one_user(self, elsewhere: IdentitiesAdapter) -> None:
        ada, bo = await _user(elsewhere, "ada@example.com"), await _user(elsewhere, "bo@example.com")
        await _linked(elsewhere, ada, "https://one.example", "7")
        with pytest.raises(IdentityTaken):
            await _linked(elsewhere, bo, "https://one.example", "7")
        assert await _listed(elsewhere, bo) == ()

    async def test_of_many_who_link_one_account_at_once_one_does(self, elsewhere: IdentitiesAdapter) -> None:
        users = [await _user(elsewhere, f"user{number}@example.com") for number in range(10)]
        linked = await asyncio.gather(
            *(_linked(elsewhere, user, "https://one.example", "7") for user in users), return_exceptions=True
        )
        assert [type(each) for each in linked if not isinstance(each, Identity)] == [IdentityTaken] * 9

    async def test_a_users_accounts_are_listed_oldest_first_and_can_be_removed(
        self, elsewhere: IdentitiesAdapter
    ) -> None:
        ada = await _user(elsewhere, "ada@example.com")
        later = await _linked(elsewhere, ada, "https://two.example", "2", at=NOW + _SOON)
        sooner = await _linked(elsewhere, ada, "https://one.example", "1")
        assert await _listed(elsewhere, ada) == (sooner, later)
        await elsewhere.transactions.run(lambda tx: tx.identities.remove(sooner.id))
        assert await _listed(elsewhere, ada) == (later,)
        assert await elsewhere.transactions.run(lambda tx: tx.identities.of_user(ada)) == (later,)

    async def test_an_attempt_is_taken_once_by_one_of_many(self, elsewhere: IdentitiesAdapter) -> None:
        wanted = await _attempt(elsewhere)
        taken = await asyncio.gather(*(_take(elsewhere, wanted.hash) for _ in range(20)))
        assert sorted(taken, key=lambda each: each is None) == [wanted, *[None] * 19]

    async def test_an_attempt_that_expired_is_none(self, elsewhere: IdentitiesAdapter) -> None:
        wanted = await _attempt(elsewhere)
        assert await _take(elsewhere, wanted.hash, at=wanted.expires_at) is None
        assert await _take(elsewhere, hash_of("another")) is None

    async def test_an_attempt_to_link_says_for_whom(self, elsewhere: IdentitiesAdapter) -> None:
        ada = await _user(elsewhere, "ada@example.com")
        wanted = await _attempt(elsewhere, user_id=ada)
        assert await _take(elsewhere, wanted.hash) == wanted

    async def test_attempts_that_expired_are_forgotten(self, elsewhere: IdentitiesAdapter) -> None:
        for _ in range(3):
            await _attempt(elsewhere)
        open_ = await _attempt(elsewhere, expires_at=NOW + 2 * _SOON)
        before = NOW + _SOON + timedelta(seconds=1)
        assert await elsewhere.transactions.run(lambda tx: tx.external_attempts.purge(before, 2)) == 2
        assert await elsewhere.transactions.run(lambda tx: tx.external_attempts.purge(before, 2)) == 1
        assert await _take(elsewhere, open_.hash) == open_


async def _user(elsewhere: IdentitiesAdapter, email: str) -> str:
    user = a_user(email)
    await elsewhere.transactions.run(lambda tx: tx.users.add(user))
    return user.id


async def _linked(
    elsewhere: IdentitiesAdapter, user_id: str, issuer: str, subject: str, *, at: datetime = NOW
) -> Identity:
    identity = Identity(id=_ids.new("idn"), issuer=issuer, subject=subject, user_id=user_id, linked_at=at)
    await elsewhere.transactions.run(lambda tx: tx.identities.add(identity))
    return identity


async def _found(elsewhere: IdentitiesAdapter, issuer: str, subject: str) -> Identity | None:
    return await elsewhere.transactions.run(lambda tx: tx.identities.find(issuer, subject))


async def _listed(elsewhere: IdentitiesAdapter, user_id: str) -> tuple[Identity, ...]:
    return (await elsewhere.identity_views.of_user(user_id, PageRequest())).items


async def _attempt(elsewhere: IdentitiesAdapter, **given: object) -> Attempt:
    plain = Attempt(
        hash=hash_of(new_secret()),
        provider="one",
        redirect_uri="https://shop.example/back",
        user_id=None,
        expires_at=NOW + _SOON,
    )
    attempt = msgspec.structs.replace(plain, **given)
    await elsewhere.transactions.run(lambda tx: tx.external_attempts.add(attempt))
    return attempt


async def _take(elsewhere: IdentitiesAdapter, hash_: str, *, at: datetime = NOW) -> Attempt | None:
    return await elsewhere.transactions.run(lambda tx: tx.external_attempts.take(hash_, at))
