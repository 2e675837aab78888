"""What every adapter of links that are good once keeps to."""

# ruff: noqa: S101, S106 - a suite asserts, and its tokens are no secrets

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec
import pytest

from tradepost.kernel.access import Role
from tradepost.kernel.errors import NotFound
from tradepost.kernel.events import Message
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.messaging.delivery import Term
from tradepost.messaging.ports import HasDeliveries
from tradepost.users.one_time_links import OneTimeLinks
from tradepost.users.one_time_token import LinkInvalid, OneTimeToken, Purpose
from tradepost.users.ports import HasOneTimeTokens, HasUsers
from tradepost.users.user import User

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
_ids = TypeIds()
_links = OneTimeLinks(b"a secret of the shop")


class LinksTx(HasOneTimeTokens, HasUsers, HasDeliveries, Protocol):
    """A user, their links, and the facts that are told of them."""


class OneTimeTokensAdapter(Protocol):
    """An adapter under test, empty at the start of each test."""

    @property
    def transactions(self) -> Transactions[LinksTx]: ...


def a_token(
    user: User | None = None,
    *,
    number: int = 1,
    address: str = "ada",
    purpose: Purpose = Purpose.RESET_PASSWORD,
    at: datetime = NOW,
) -> OneTimeToken:
    token = OneTimeToken(
        id=_ids.new("ott"),
        purpose=purpose,
        user_id=None if user is None else user.id,
        address_key=address,
        number=number,
        against="as it was",
        issued_at=at,
        expires_at=at + purpose.lifetime,
    )
    token.issue()
    return token


def _a_user(email: str = "ada@example.com") -> User:
    return User.new(
        id=_ids.new("user"),
        email=email,
        name="Ada",
        role=Role.CUSTOMER,
        password_hash="hash",
        customer_id=_ids.new("cus"),
        at=NOW,
    )


class OneTimeTokensContract:
    """Bind it with a fixture `links` that gives a `OneTimeTokensAdapter`."""

    async def test_a_link_comes_back_as_it_was_written(self, links: OneTimeTokensAdapter) -> None:
        user = _a_user()
        wanted = a_token(user)
        await _add(links, user, wanted)
        got = await _get(links, wanted.id)
        for field in OneTimeToken.__struct_fields__:
            assert getattr(got, field) == getattr(wanted, field), field
        with pytest.raises(NotFound):
            await _get(links, _ids.new("ott"))

    async def test_of_many_who_use_a_link_at_the_same_moment_one_does(self, links: OneTimeTokensAdapter) -> None:
        user = _a_user()
        token = a_token(user)
        await _add(links, user, token)

        async def use(tx: LinksTx) -> None:
            current = await tx.one_time_tokens.get(token.id)
            current.use("as it was", NOW)
            await tx.one_time_tokens.save(current)

        results = await asyncio.gather(*[links.transactions.run(use) for _ in range(50)], return_exceptions=True)
        assert sorted(type(result).__name__ for result in results).count("NoneType") == 1
        assert (await _get(links, token.id)).used_at == NOW
        with pytest.raises(LinkInvalid):
            await links.transactions.run(use)

    async def test_a_link_is_told_of_by_ids_alone_and_one_for_nobody_is_not(self, links: OneTimeTokensAdapter) -> None:
        user = _a_user()
        token, nobodys = a_token(user), a_token(address="nobody")
        await _add(links, user, token, nobodys)
        facts = [message for message in await _waiting(links) if "link_issued" in message.type]
        assert [message.aggregate_id for message in facts] == [token.id]
        assert msgspec.json.decode(facts[0].payload).keys() == {"type", "occurred_at", "user_id", "token_id", "purpose"}

    async def test_what_went_out_lately_is_counted_by_address_and_by_user(self, links: OneTimeTokensAdapter) -> None:
        user, other = _a_user(), _a_user("other@example.com")
        expired = a_token(user, number=1, at=NOW - timedelta(minutes=31))
        good = a_token(user, number=2, at=NOW - timedelta(minutes=29))
        elsewhere = a_token(user, address="elsewhere")
        nobodys = a_token(address="nobody")
        verify = a_token(user, purpose=Purpose.VERIFY_EMAIL, number=7, at=NOW - timedelta(hours=2))
        await _add(links, user, other, expired, good, elsewhere, nobodys, verify)
        counted = {
            ("ada", user.id): (2, 3),
            ("ada", None): (1, 3),
            ("new", user.id): (2, 1),
            ("nobody", None): (1, 2),
            ("new", other.id): (0, 1),
        }
        for (address, user_id), wanted in counted.items():
            assert await _lately(links, Purpose.RESET_PASSWORD, address, user_id) == wanted, (address, user_id)
        assert await _lately(links, Purpose.VERIFY_EMAIL, "ada", user.id) == (0, 8)

    async def test_of_many_who_ask_at_the_same_moment_three_are_sent_a_link(self, links: OneTimeTokensAdapter) -> None:
        user = _a_user()
        await _add(links, user)

        async def ask(tx: LinksTx) -> bool:
            current = await tx.users.get(user.id)
            return await _links.issue(tx, Purpose.RESET_PASSWORD, current, "ada@example.com", ids=_ids, at=NOW)

        results = await asyncio.gather(*[links.transactions.run(ask) for _ in range(50)], return_exceptions=True)
        assert results.count(True) == 3

    async def test_what_expired_before_is_forgotten_the_oldest_first(self, links: OneTimeTokensAdapter) -> None:
        old = [a_token(number=n, at=NOW - 2 * HOUR + timedelta(seconds=n)) for n in (3, 1, 2)]
        young = a_token(number=4)
        await _add(links, *old, young)

        async def purge(tx: LinksTx) -> int:
            return await tx.one_time_tokens.purge(NOW, 2)

        assert await links.transactions.run(purge) == 2
        assert (await _get(links, old[0].id)).number == 3
        assert await links.transactions.run(purge) == 1
        assert await links.transactions.run(purge) == 0
        assert (await _get(links, young.id)).number == 4


async def _add(links: OneTimeTokensAdapter, *things: User | OneTimeToken) -> None:
    async def work(tx: LinksTx) -> None:
        for thing in things:
            if isinstance(thing, User):
                await tx.users.add(thing)
            else:
                await tx.one_time_tokens.add(thing)

    await links.transactions.run(work)


async def _get(links: OneTimeTokensAdapter, token_id: str) -> OneTimeToken:
    async def work(tx: LinksTx) -> OneTimeToken:
        return await tx.one_time_tokens.get(token_id)

    return await links.transactions.run(work)


async def _lately(links: OneTimeTokensAdapter, purpose: Purpose, address: str, user_id: str | None) -> tuple[int, int]:
    async def work(tx: LinksTx) -> tuple[int, int]:
        return await tx.one_time_tokens.lately(purpose, address, user_id, since=NOW - HOUR, at=NOW)

    return await links.transactions.run(work)


async def _waiting(links: OneTimeTokensAdapter) -> list[Message]:
    term = Term.of(NOW, timedelta(seconds=30))

    async def work(tx: LinksTx) -> list[Message]:
        leases = await tx.deliveries.lease("test", term, 32)
        return [waiting.message for waiting in await tx.deliveries.waiting(leases, 100)]

    return await links.transactions.run(work)
