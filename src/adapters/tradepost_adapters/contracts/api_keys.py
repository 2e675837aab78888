"""What every adapter of machines' keys keeps to, and of the nonces of their signed requests."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from tradepost.kernel.access import Actor, Permission, Role, SessionFacts
from tradepost.kernel.errors import NotFound
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.pages import PageRequest
from tradepost.kernel.transactions import StaleVersion, Transactions
from tradepost.users.api_key import ApiKey, ApiKeyStatus, ApiKeyView
from tradepost.users.api_key_ports import ApiKeyFilter, ApiKeyViews, HasApiKeys
from tradepost.users.client import Client
from tradepost.users.ports import HasUsers
from tradepost.users.session import Session, SessionKind, SessionPolicy
from tradepost.users.session_ports import HasSessions, PrincipalViews
from tradepost.users.signatures import HasNonces
from tradepost.users.signing_keys import HasSigningKeys
from tradepost_adapters.contracts.signing_keys import a_key as a_signing_key
from tradepost_adapters.contracts.users import a_user

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
_ids = TypeIds()


class ApiKeysTx(HasApiKeys, HasUsers, HasSessions, HasNonces, HasSigningKeys, Protocol): ...


class ApiKeysAdapter(Protocol):
    """An adapter under test, empty at the start of each test."""

    @property
    def transactions(self) -> Transactions[ApiKeysTx]: ...

    @property
    def api_key_views(self) -> ApiKeyViews: ...

    @property
    def principals(self) -> PrincipalViews: ...


def a_key(name: str = "Warehouse", *, at: datetime = NOW, user_id: str | None = None, **fields: Any) -> ApiKey:
    given: dict[str, Any] = {"scopes": ("stock:write", "orders:read"), "expires_at": None, "public_key": None}
    return ApiKey.new(
        id=_ids.new("key"),
        name=name,
        created_by=user_id or "operator:test",
        user_id=user_id,
        secret_hash=_ids.new("hash"),
        at=at,
        **{**given, **fields},
    )


class ApiKeysContract:
    """Bind it with a fixture `keys` that gives an `ApiKeysAdapter`."""

    async def test_a_key_comes_back_as_it_was_written(self, keys: ApiKeysAdapter) -> None:
        user = a_user("ada@example.com", role=Role.OWNER)
        wanted = a_key(user_id=user.id, expires_at=NOW + HOUR, public_key="abc")
        wanted.renew("another hash", overlap=HOUR, at=NOW)
        await _run(keys, lambda tx: _all_of(tx.users.add(user), tx.api_keys.add(wanted)))
        got = await _run(keys, lambda tx: tx.api_keys.get(wanted.id))
        for field in ApiKey.__struct_fields__:
            assert getattr(got, field) == getattr(wanted, field), field
        assert got.version == 1
        assert await keys.api_key_views.get(wanted.id, NOW) == ApiKeyView.of(wanted, NOW)

    async def test_what_is_not_there_is_not_found(self, keys: ApiKeysAdapter) -> None:
        with pytest.raises(NotFound):
            await _run(keys, lambda tx: tx.api_keys.get("key_none"))
        with pytest.raises(NotFound):
            await keys.api_key_views.get("key_none", NOW)
        assert await keys.principals.of_key("hash of nothing") is None

    async def test_a_key_is_saved_once_for_each_version_and_keeps_its_last_use(self, keys: ApiKeysAdapter) -> None:
        key = a_key()
        await _run(keys, lambda tx: tx.api_keys.add(key))
        await _run(keys, lambda tx: tx.api_keys.used(key.id, NOW))
        stale = await _run(keys, lambda tx: tx.api_keys.get(key.id))
        key.revoke(NOW)
        await _run(keys, lambda tx: tx.api_keys.save(key))
        view = await keys.api_key_views.get(key.id, NOW)
        assert (view.status, view.version, view.last_used_at) == (ApiKeyStatus.REVOKED, 2, NOW)
        with pytest.raises(StaleVersion):
            await _run(keys, lambda tx: tx.api_keys.save(stale))

    async def test_the_last_use_never_goes_back(self, keys: ApiKeysAdapter) -> None:
        key = a_key()
        await _run(keys, lambda tx: tx.api_keys.add(key))
        for at in (NOW, NOW + HOUR, NOW - HOUR):
            await _use(keys, key.id, at)
        await _run(keys, lambda tx: tx.api_keys.used("key_none", NOW))
        assert (await keys.api_key_views.get(key.id, NOW)).last_used_at == NOW + HOUR
        machine = await keys.principals.of_key(key.secret_hash)
        assert machine is not None
        assert machine.last_used_at == NOW + HOUR

    async def test_keys_are_listed_filtered_and_paged(self, keys: ApiKeysAdapter) -> None:
        user = a_user("ada@example.com")
        await _run(keys, lambda tx: tx.users.add(user))
        revoked = a_key("revoked", at=NOW + 2 * HOUR)
        revoked.revoke(NOW + 2 * HOUR)
        made = [a_key("old", user_id=user.id), a_key("ends", at=NOW + HOUR, expires_at=NOW + 5 * HOUR), revoked]
        for key in made:
            await _add(keys, key)

        async def listed(wanted: ApiKeyFilter, at: datetime = NOW + 3 * HOUR) -> list[str]:
            found = await keys.api_key_views.list(wanted, at, PageRequest())
            assert all(key.status is wanted.status for key in found.items if wanted.status)
            return [key.name for key in found.items]

        assert await listed(ApiKeyFilter()) == ["revoked", "ends", "old"]
        assert await listed(ApiKeyFilter(status=ApiKeyStatus.ACTIVE)) == ["ends", "old"]
        assert await listed(ApiKeyFilter(status=ApiKeyStatus.ACTIVE), NOW + 5 * HOUR) == ["old"]
        assert await listed(ApiKeyFilter(status=ApiKeyStatus.EXPIRED), NOW + 5 * HOUR) == ["ends"]
        assert await listed(ApiKeyFilter(status=ApiKeyStatus.REVOKED)) == ["revoked"]
        assert await listed(ApiKeyFilter(user_id=user.id)) == ["old"]
        first = await keys.api_key_views.list(ApiKeyFilter(), NOW, PageRequest(limit=2))
        rest = await keys.api_key_views.list(ApiKeyFilter(), NOW, PageRequest(limit=2, cursor=first.next_cursor))
        assert [key.name for key in (*first.items, *rest.items)] == ["revoked", "ends", "old"]

    async def test_a_machine_is_found_by_its_secret_and_the_one_before(self, keys: ApiKeysAdapter) -> None:
        user = a_user("ada@example.com", role=Role.MANAGER)
        key = a_key(user_id=user.id)
        before = key.secret_hash
        key.renew("new hash", overlap=HOUR, at=NOW)
        await _run(keys, lambda tx: _all_of(tx.users.add(user), tx.api_keys.add(key)))
        for secret_hash, later in ((before, False), ("new hash", True)):
            machine = await keys.principals.of_key(secret_hash)
            assert machine is not None
            assert (machine.key, machine.good_at(NOW)) == (key, True)
            assert machine.account is not None
            assert (machine.account.user_id, machine.account.role) == (user.id, Role.MANAGER)
            assert machine.shown_by(secret_hash, NOW)
            assert machine.shown_by(secret_hash, NOW + HOUR) is later

    async def test_a_machine_may_no_more_than_its_user_may_now(self, keys: ApiKeysAdapter) -> None:
        user = a_user("ada@example.com", role=Role.OWNER)
        key = a_key(user_id=user.id, scopes=("stock:write", "orders:read", "keys:write"))
        await _run(keys, lambda tx: _all_of(tx.users.add(user), tx.api_keys.add(key)))
        assert (await _actor(keys, key)).permissions == key.permissions()

        async def demote(tx: ApiKeysTx) -> None:
            found = await tx.users.get(user.id)
            found.change_role(Role.SUPPORT, owners=(user.id, "user_other"), at=NOW)
            await tx.users.save(found)

        await keys.transactions.run(demote)
        assert (await _actor(keys, key)).permissions == frozenset({Permission.ORDERS_READ})

    async def test_a_machine_ends_with_its_user(self, keys: ApiKeysAdapter) -> None:
        user, key = a_user("ada@example.com", role=Role.OWNER), a_key()
        theirs = a_key(user_id=user.id)
        await _run(keys, lambda tx: _all_of(tx.users.add(user), tx.api_keys.add(theirs), tx.api_keys.add(key)))

        async def delete(tx: ApiKeysTx) -> None:
            found = await tx.users.get(user.id)
            found.delete(owners=("user_other",), at=NOW)
            await tx.users.save(found)

        await keys.transactions.run(delete)
        for each, good in ((theirs, False), (key, True)):
            machine = await keys.principals.of_key(each.secret_hash)
            assert machine is not None
            assert machine.good_at(NOW) is good

    async def test_the_session_of_a_machine_is_as_good_as_its_key(self, keys: ApiKeysAdapter) -> None:
        key = a_key()
        session = _session(key)
        await _run(keys, lambda tx: _all_of(tx.api_keys.add(key), tx.sessions.add(session, Client())))
        principal = await keys.principals.of_session(session.id)
        assert principal is not None
        assert principal.good_at(NOW)
        actor = principal.actor(NOW, SessionPolicy(), ("orders:read", "users:write"))
        assert (actor.id, actor.role, actor.permissions) == (key.id, None, frozenset({Permission.ORDERS_READ}))
        key.revoke(NOW)
        await _run(keys, lambda tx: tx.api_keys.save(key))
        principal = await keys.principals.of_session(session.id)
        assert principal is not None
        assert not principal.good_at(NOW)

    async def test_whoever_asks_learns_of_the_latest_key_that_signs(self, keys: ApiKeysAdapter) -> None:
        key = a_key()
        session = _session(key)
        await _run(keys, lambda tx: _all_of(tx.api_keys.add(key), tx.sessions.add(session, Client())))
        seen = []
        for generation in (None, 1, 2):
            if generation is not None:
                await _add_signing_key(keys, generation)
            principal = await keys.principals.of_session(session.id)
            seen.append(None if principal is None else principal.key_generation)
        assert seen == [None, 1, 2]

    async def test_of_many_who_use_a_nonce_one_may(self, keys: ApiKeysAdapter) -> None:
        results = await asyncio.gather(
            *[_run(keys, lambda tx: tx.nonces.use("key_1:abc", NOW + HOUR)) for _ in range(20)]
        )
        assert sorted(results) == [False] * 19 + [True]
        assert await _run(keys, lambda tx: tx.nonces.use("key_2:abc", NOW + 2 * HOUR))

    async def test_nonces_are_forgotten_when_nobody_could_use_them(self, keys: ApiKeysAdapter) -> None:
        for number in range(3):
            await _use_nonce(keys, f"key_1:{number}", NOW + number * HOUR)
        assert await _run(keys, lambda tx: tx.nonces.purge(NOW + 2 * HOUR, 1)) == 1
        assert await _run(keys, lambda tx: tx.nonces.purge(NOW + 2 * HOUR, 10)) == 1
        assert await _run(keys, lambda tx: tx.nonces.purge(NOW + 2 * HOUR, 10)) == 0
        assert not await _run(keys, lambda tx: tx.nonces.use("key_1:2", NOW + 2 * HOUR))


def _session(key: ApiKey) -> Session:
    return Session(
        id=_ids.new("sess"),
        kind=SessionKind.CLIENT,
        user_id=None,
        key_id=key.id,
        session_version=1,
        token_hash=None,
        created_at=NOW,
        authenticated_at=NOW,
        last_seen_at=NOW,
        idle_expires_at=NOW + HOUR,
        expires_at=NOW + HOUR,
    )


async def _actor(keys: ApiKeysAdapter, key: ApiKey) -> Actor:
    machine = await keys.principals.of_key(key.secret_hash)
    assert machine is not None
    return machine.actor(SessionFacts(id=key.id, kind="key"))


async def _add(keys: ApiKeysAdapter, key: ApiKey) -> None:
    await _run(keys, lambda tx: tx.api_keys.add(key))


async def _add_signing_key(keys: ApiKeysAdapter, generation: int) -> None:
    await _run(keys, lambda tx: tx.signing_keys.add(a_signing_key(generation)))


async def _use(keys: ApiKeysAdapter, key_id: str, at: datetime) -> None:
    await _run(keys, lambda tx: tx.api_keys.used(key_id, at))


async def _use_nonce(keys: ApiKeysAdapter, nonce: str, good_until: datetime) -> None:
    await _run(keys, lambda tx: tx.nonces.use(nonce, good_until))


async def _run(keys: ApiKeysAdapter, work: Callable[[ApiKeysTx], Any]) -> Any:
    async def step(tx: ApiKeysTx) -> Any:
        return await work(tx)

    return await keys.transactions.run(step)


async def _all_of(*steps: Any) -> None:
    for step in steps:
        await step
