"""What every adapter of familiar addresses keeps to."""

# ruff: noqa: S101 - a suite asserts

from datetime import UTC, datetime, timedelta
from typing import Protocol

from tradepost.kernel.access import Role
from tradepost.kernel.transactions import Transactions
from tradepost.users.familiar_addresses import FamiliarAddressViews, HasFamiliarAddresses
from tradepost.users.ports import HasUsers
from tradepost_adapters.contracts.users import a_user

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
_DAY = timedelta(days=1)


class FamiliarAddressesTx(HasUsers, HasFamiliarAddresses, Protocol): ...


class FamiliarAddressesAdapter(Protocol):
    """An adapter under test, empty at the start of each test."""

    @property
    def transactions(self) -> Transactions[FamiliarAddressesTx]: ...

    @property
    def familiar_address_views(self) -> FamiliarAddressViews: ...


class FamiliarAddressesContract:
    """Bind it with a fixture `places` that gives a `FamiliarAddressesAdapter`."""

    async def test_an_address_is_familiar_to_who_signed_in_from_it_alone(
        self, places: FamiliarAddressesAdapter
    ) -> None:
        ada, bo = await _user(places, "ada@example.com"), await _user(places, "bo@example.com")
        await _note(places, ada, "here", NOW)
        views = places.familiar_address_views
        assert await views.knows(ada, "here", NOW - _DAY)
        assert not await views.knows(ada, "there", NOW - _DAY)
        assert not await views.knows(bo, "here", NOW - _DAY)
        assert not await views.knows("", "here", NOW - _DAY)

    async def test_it_is_familiar_for_as_long_as_it_is_used(self, places: FamiliarAddressesAdapter) -> None:
        ada = await _user(places, "ada@example.com")
        await _note(places, ada, "here", NOW - 5 * _DAY)
        assert not await places.familiar_address_views.knows(ada, "here", NOW - _DAY)
        await _note(places, ada, "here", NOW)
        assert await places.familiar_address_views.knows(ada, "here", NOW - _DAY)

    async def test_what_was_not_seen_for_long_is_forgotten(self, places: FamiliarAddressesAdapter) -> None:
        ada = await _user(places, "ada@example.com")
        for days in range(4):
            await _note(places, ada, f"place {days}", NOW - days * _DAY)
        before = NOW - timedelta(hours=12)
        assert await places.transactions.run(lambda tx: tx.familiar_addresses.purge(before, 2)) == 2
        assert await places.transactions.run(lambda tx: tx.familiar_addresses.purge(before, 2)) == 1
        known = [await places.familiar_address_views.knows(ada, f"place {days}", NOW - 9 * _DAY) for days in range(4)]
        assert known == [True, False, False, False]


async def _user(places: FamiliarAddressesAdapter, email: str) -> str:
    user = a_user(email, role=Role.CUSTOMER)
    await places.transactions.run(lambda tx: tx.users.add(user))
    return user.id


async def _note(places: FamiliarAddressesAdapter, user_id: str, digest: str, at: datetime) -> None:
    await places.transactions.run(lambda tx: tx.familiar_addresses.note(user_id, digest, at))
