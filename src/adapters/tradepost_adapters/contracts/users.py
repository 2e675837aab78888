"""What every adapter of users keeps to."""

# ruff: noqa: S101 - a suite asserts, and its hashes are no secrets

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from tradepost.kernel.access import Role
from tradepost.kernel.errors import Conflict, Invalid, NotFound
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.pages import PageRequest
from tradepost.kernel.transactions import StaleVersion, Transactions
from tradepost.users.ports import HasUsers, UserFilter, UserViews
from tradepost.users.user import EmailTaken, FormerEmail, User, UserStatus
from tradepost.users.views import UserView

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
_ids = TypeIds()


class UsersAdapter(Protocol):
    """An adapter under test, empty at the start of each test."""

    @property
    def transactions(self) -> Transactions[HasUsers]: ...

    @property
    def user_views(self) -> UserViews: ...


def a_user(email: str, *, role: Role = Role.CUSTOMER, at: datetime = NOW) -> User:
    return User.new(
        id=_ids.new("user"),
        email=email,
        name="Ada Lovelace",
        role=role,
        password_hash=f"hash of {email}",
        customer_id=_ids.new("cus"),
        at=at,
    )


class UsersContract:
    """Bind it with a fixture `users` that gives a `UsersAdapter`."""

    async def test_a_user_comes_back_as_it_was_written(self, users: UsersAdapter) -> None:
        wanted = a_user("Ada@Example.com", role=Role.SUPPORT)
        await _add(users, wanted)
        got = await _get(users, wanted.id)
        for field in User.__struct_fields__:
            assert getattr(got, field) == getattr(wanted, field), field
        assert (got.version, got.email, got.created_at) == (1, "Ada@example.com", NOW)
        assert await users.user_views.get(wanted.id) == UserView.of(wanted)

    async def test_who_is_not_there_is_not_found(self, users: UsersAdapter) -> None:
        with pytest.raises(NotFound):
            await _get(users, "user_nobody")
        with pytest.raises(NotFound):
            await users.user_views.get("user_nobody")
        assert await users.user_views.credentials("nobody@example.com") is None

    async def test_an_address_has_one_account_however_it_is_written(self, users: UsersAdapter) -> None:
        results = await asyncio.gather(
            *[_add(users, a_user(email)) for email in ("ada@example.com", "ADA@Example.com", "Ada@EXAMPLE.COM")],
            return_exceptions=True,
        )
        refused = [error for error in results if error is not None]
        assert [type(error) for error in refused] == [EmailTaken, EmailTaken]
        assert "ada" not in str(refused[0]).lower()
        assert len((await users.user_views.list(UserFilter(), PageRequest())).items) == 1

    async def test_the_credentials_are_found_by_address_however_it_is_written(self, users: UsersAdapter) -> None:
        user = a_user("Grüße@example.com")
        await _add(users, user, a_user("somebody@example.com"))
        found = await users.user_views.credentials(" GRÜSSE@EXAMPLE.COM ")
        assert found is not None
        assert (found.user, found.password_hash, found.session_version) == (
            UserView.of(user),
            "hash of Grüße@example.com",
            1,
        )

    async def test_a_changed_user_is_saved_once_for_each_version(self, users: UsersAdapter) -> None:
        user = a_user("ada@example.com")
        await _add(users, user)
        stale = await _get(users, user.id)

        async def change(tx: HasUsers) -> User:
            current = await tx.users.get(user.id)
            current.change_profile(name="Ada King")
            current.ask_for_email("ada@example.org")
            current.take_pending_email(at=NOW)
            current.ask_for_email("ada@example.net")
            current.change_password("another hash", at=NOW)
            await tx.users.save(current)
            return current

        saved = await users.transactions.run(change)
        assert await users.user_views.get(user.id) == UserView.of(saved)
        got = await _get(users, user.id)
        assert (got.version, got.session_version, got.password_hash) == (2, 2, "another hash")
        assert (got.email, got.email_verified_at, got.pending_email) == ("ada@example.org", NOW, "ada@example.net")
        assert got.former_emails == (FormerEmail(email="ada@example.com", until=NOW, email_version=2),)
        assert await users.user_views.credentials("ada@example.com") is None

        stale.change_profile(name="Late")

        async def late(tx: HasUsers) -> None:
            await tx.users.save(stale)

        with pytest.raises(StaleVersion):
            await users.transactions.run(late)

    async def test_an_address_of_somebody_else_is_refused_when_saved(self, users: UsersAdapter) -> None:
        ada, bob = a_user("ada@example.com"), a_user("bob@example.com")
        await _add(users, ada, bob)

        async def change(tx: HasUsers) -> None:
            current = await tx.users.get(bob.id)
            current.ask_for_email("ADA@example.com")
            current.take_pending_email(at=NOW)
            await tx.users.save(current)

        with pytest.raises(EmailTaken):
            await users.transactions.run(change)
        assert (await users.user_views.get(bob.id)).email == "bob@example.com"

    async def test_a_deleted_user_leaves_no_personal_data_and_frees_the_address(self, users: UsersAdapter) -> None:
        user = a_user("ada@example.com")
        await _add(users, user)
        await _delete(users, user.id)
        gone = await _get(users, user.id)
        assert (gone.email, gone.name, gone.password_hash, gone.status) == (None, None, None, UserStatus.DELETED)
        assert (gone.pending_email, gone.former_emails) == (None, ())
        assert gone.deleted_at == NOW
        assert await users.user_views.credentials("ada@example.com") is None
        again = a_user("ada@example.com")
        await _add(users, again)
        found = await users.user_views.credentials("ada@example.com")
        assert found is not None
        assert found.user.id == again.id

    async def test_owners_are_the_active_ones(self, users: UsersAdapter) -> None:
        owners = [a_user(f"{n}@example.com", role=Role.OWNER) for n in range(3)]
        await _add(users, *owners, a_user("staff@example.com", role=Role.MANAGER))
        await _delete(users, owners[0].id)

        async def work(tx: HasUsers) -> tuple[str, ...]:
            return await tx.users.owners()

        assert set(await users.transactions.run(work)) == {owners[1].id, owners[2].id}

    async def test_of_owners_who_leave_at_the_same_moment_one_stays(self, users: UsersAdapter) -> None:
        owners = [a_user(f"{n}@example.com", role=Role.OWNER) for n in range(4)]
        await _add(users, *owners)
        results = await asyncio.gather(*[_delete(users, owner.id) for owner in owners], return_exceptions=True)
        refused = [error for error in results if isinstance(error, Exception)]
        assert [error.code for error in refused if isinstance(error, Conflict)] == ["user.last_owner"]
        page = await users.user_views.list(UserFilter(role=Role.OWNER, status=UserStatus.ACTIVE), PageRequest())
        assert len(page.items) == 1

    async def test_what_fails_leaves_nothing(self, users: UsersAdapter) -> None:
        async def work(tx: HasUsers) -> None:
            await tx.users.add(a_user("ada@example.com"))
            raise Invalid("test", "no")

        with pytest.raises(Invalid):
            await users.transactions.run(work)
        assert (await users.user_views.list(UserFilter(), PageRequest())).items == ()
        await _add(users, a_user("ada@example.com"))

    async def test_users_are_listed_filtered_and_paged(self, users: UsersAdapter) -> None:
        everybody = [
            a_user(f"u{n}@example.com", role=Role.SUPPORT if n % 2 else Role.CUSTOMER, at=NOW + timedelta(seconds=n))
            for n in range(5)
        ]
        await _add(users, *everybody)
        await _delete(users, everybody[4].id)

        async def listed(wanted: UserFilter, page: PageRequest | None = None) -> list[str]:
            found = await users.user_views.list(wanted, page or PageRequest())
            return [user.id for user in found.items]

        ids = [user.id for user in everybody]
        assert await listed(UserFilter()) == ids[::-1]
        assert await listed(UserFilter(role=Role.SUPPORT)) == [ids[3], ids[1]]
        assert await listed(UserFilter(status=UserStatus.ACTIVE, role=Role.CUSTOMER)) == [ids[2], ids[0]]
        assert await listed(UserFilter(email="U1@Example.com")) == [ids[1]]
        assert await listed(UserFilter(email="u1@example.com", role=Role.OWNER)) == []
        first = await users.user_views.list(UserFilter(), PageRequest(limit=2, sort="created_at"))
        rest = PageRequest(limit=10, sort="created_at", cursor=first.next_cursor)
        assert [user.id for user in first.items] + await listed(UserFilter(), rest) == ids
        numbered = await users.user_views.list(UserFilter(role=Role.SUPPORT), PageRequest(page=1))
        assert numbered.total == 2


async def _add(users: UsersAdapter, *wanted: User) -> None:
    async def work(tx: HasUsers) -> None:
        for user in wanted:
            await tx.users.add(user)

    await users.transactions.run(work)


async def _get(users: UsersAdapter, user_id: str) -> User:
    async def work(tx: HasUsers) -> User:
        return await tx.users.get(user_id)

    return await users.transactions.run(work)


async def _delete(users: UsersAdapter, user_id: str) -> None:
    async def work(tx: HasUsers) -> None:
        owners = await tx.users.owners()
        user = await tx.users.get(user_id)
        user.delete(owners=owners, at=NOW)
        await tx.users.save(user)

    await users.transactions.run(work)
