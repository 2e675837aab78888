"""Machines' keys over HTTP."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.entrypoints.http.machines import bearer, made
from tests.entrypoints.http.shop import Person, Stand, send

from tradepost.kernel.access import Permission, Role, operator
from tradepost.kernel.pages import PageRequest
from tradepost.users import ChangeRoleCommand, RestoreUserCommand, SuspendUserCommand
from tradepost.users.api_key_ports import ApiKeyFilter
from tradepost.users.create_api_key import CreateApiKeyCommand
from tradepost_adapters.memory.security_log import SECURITY_EVENTS


@pytest.fixture
def stand() -> Stand:
    return Stand.open()


@pytest.fixture
async def http(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    async with stand.client() as client:
        yield client


@pytest.fixture
async def owner(stand: Stand) -> Person:
    return await stand.person(Role.OWNER)


async def asked(http: httpx.AsyncClient, key: str, path: str = "/orders") -> tuple[int, str | None]:
    answer = await send(http, "GET", path, headers=bearer(key))
    return answer.status_code, None if answer.is_success else answer.json()["code"]


async def test_a_machine_may_what_its_scopes_say_and_nothing_else(http: httpx.AsyncClient, owner: Person) -> None:
    issued = await made(http, owner, "orders:read", "stock:write")
    key = issued["api_key"]
    assert key.startswith("tp_live_")
    assert issued["key"]["hint"] in key
    assert issued["key"]["scopes"] == ["orders:read", "stock:write"]
    assert await asked(http, key) == (200, None)
    refused = await send(http, "GET", "/users", headers=bearer(key))
    assert (refused.status_code, refused.json()["code"]) == (403, "auth.scope_missing")
    assert "users:read" in refused.json()["detail"]
    assert refused.json()["permission"] == "users:read"
    assert refused.headers["www-authenticate"] == (
        'Bearer realm="tradepost", error="insufficient_scope", scope="users:read"'
    )


async def test_the_secret_is_shown_once_and_stored_nowhere(
    stand: Stand, http: httpx.AsyncClient, owner: Person
) -> None:
    issued = await made(http, owner, "orders:read")
    secret = issued["api_key"].rpartition("_")[2][-20:]
    for path in ("/api-keys", f"/api-keys/{issued['key']['id']}"):
        assert secret not in (await send(http, "GET", path, owner)).text
    with stand.backend._database.reading():
        stored = {name: dict(store.rows) for name, store in stand.backend._database._stores.items()}
    assert secret not in repr(stored)
    created = await send(http, "POST", "/api-keys", owner, json={"name": "W", "scopes": ["orders:read"]})
    assert created.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "body",
    [
        {"name": "", "scopes": ["orders:read"]},
        {"name": "W", "scopes": []},
        {"name": "W", "scopes": ["orders:everything"]},
        {"name": "W", "scopes": ["orders:read"], "user_id": "user_1"},
        {"name": "W", "scopes": ["orders:read"], "created_by": "operator:me"},
    ],
)
async def test_a_key_that_makes_no_sense_is_refused(http: httpx.AsyncClient, owner: Person, body: Any) -> None:
    assert (await send(http, "POST", "/api-keys", owner, json=body)).status_code == 400


async def test_a_key_ends_in_the_future(http: httpx.AsyncClient, owner: Person) -> None:
    body = {"name": "W", "scopes": ["orders:read"], "expires_at": "2020-01-01T00:00:00Z"}
    answer = await send(http, "POST", "/api-keys", owner, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "api_key.invalid")
    assert answer.json()["errors"][0]["pointer"] == "/expires_at"


async def test_junk_is_no_key(http: httpx.AsyncClient, owner: Person) -> None:
    key = (await made(http, owner, "orders:read"))["api_key"]
    other = (await made(http, owner, "orders:read"))["api_key"]
    mixed = key[:34] + other[34:]
    for text in (
        "tp_live_",
        key[:-1],
        key + "A",
        key.upper(),
        mixed,
        "tp_live_" + "0" * 26 + "_" + "A" * 43,
        "tp_" * 999,
    ):
        assert await asked(http, text) == (401, "auth.invalid"), text


async def test_a_revoked_key_is_refused_at_the_very_next_request_in_every_process(
    stand: Stand, http: httpx.AsyncClient, owner: Person
) -> None:
    issued = await made(http, owner, "orders:read")
    async with Stand.beside(stand).client() as elsewhere:
        assert await asked(elsewhere, issued["api_key"]) == (200, None)
        for _ in range(2):
            revoked = await send(http, "POST", f"/api-keys/{issued['key']['id']}/revoke", owner)
            assert revoked.json()["data"]["status"] == "revoked"
        assert await asked(elsewhere, issued["api_key"]) == (401, "auth.invalid")
    assert (await send(http, "POST", f"/api-keys/{issued['key']['id']}/rotate", owner)).json()[
        "code"
    ] == "api_key.ended"
    listed = await send(http, "GET", "/api-keys?status=revoked", owner)
    assert [key["id"] for key in listed.json()["data"]] == [issued["key"]["id"]]


async def test_a_new_secret_ends_the_old_one_at_once_or_after_a_while(http: httpx.AsyncClient, owner: Person) -> None:
    issued = await made(http, owner, "orders:read")
    path = f"/api-keys/{issued['key']['id']}/rotate"
    second = (await send(http, "POST", path, owner, json={"overlap_seconds": 3600})).json()["data"]
    assert second["key"]["former_until"] is not None
    for key in (issued["api_key"], second["api_key"]):
        assert await asked(http, key) == (200, None)
    third = (await send(http, "POST", path, owner)).json()["data"]
    assert [await asked(http, each["api_key"]) for each in (issued, second, third)] == [
        (401, "auth.invalid"),
        (401, "auth.invalid"),
        (200, None),
    ]
    too_long = await send(http, "POST", path, owner, json={"overlap_seconds": 10**9})
    assert too_long.status_code == 400


async def test_a_key_ends_with_who_made_it_and_may_no_more_than_they_may_now(
    stand: Stand, http: httpx.AsyncClient, owner: Person
) -> None:
    other = await stand.person(Role.OWNER)
    key = (await made(http, other, "orders:read", "users:read"))["api_key"]
    assert await asked(http, key, "/users") == (200, None)
    await stand.shop.change_role(ChangeRoleCommand(actor=operator(), user_id=other.id, role=Role.SUPPORT))
    assert await asked(http, key, "/users") == (403, "auth.scope_missing")
    assert await asked(http, key) == (200, None)
    await stand.shop.suspend_user(SuspendUserCommand(actor=operator(), user_id=other.id))
    assert await asked(http, key) == (401, "auth.invalid")
    await stand.shop.restore_user(RestoreUserCommand(actor=operator(), user_id=other.id))
    assert await asked(http, key) == (200, None)


async def test_nobody_gives_a_key_more_than_they_have(http: httpx.AsyncClient, owner: Person) -> None:
    key = (await made(http, owner, "orders:read", "keys:write", "keys:read"))["api_key"]
    for scopes, code in ((["users:write"], "auth.escalation"), (["orders:read"], None)):
        answer = await send(http, "POST", "/api-keys", headers=bearer(key), json={"name": "W", "scopes": scopes})
        assert (answer.json().get("code"), answer.status_code) == (code, 403 if code else 201)
        if not code:
            assert answer.json()["data"]["key"]["user_id"] == owner.id
    stronger = await made(http, owner, "users:write")
    renewed = await send(http, "POST", f"/api-keys/{stronger['key']['id']}/rotate", headers=bearer(key))
    assert (renewed.status_code, renewed.json()["code"]) == (403, "auth.escalation")


async def test_a_key_makes_and_renews_none_that_lasts_longer_than_itself(
    http: httpx.AsyncClient, owner: Person
) -> None:
    soon, later = "2090-01-01T00:00:00Z", "2090-01-01T00:00:01Z"
    brief = await made(http, owner, "orders:read", "keys:write", expires_at=soon)
    endless = await made(http, owner, "orders:read")
    form = {
        "grant_type": "client_credentials",
        "client_id": brief["key"]["id"],
        "client_secret": brief["api_key"],
    }
    token = (await http.post("/oauth/token", data=form)).json()["access_token"]
    for credential in (brief["api_key"], token):
        for ends, status in ((None, 403), (later, 403), (soon, 201)):
            body = {"name": "W", "scopes": ["orders:read"], "expires_at": ends}
            answer = await send(http, "POST", "/api-keys", headers=bearer(credential), json=body)
            assert answer.status_code == status, answer.text
            assert status == 201 or answer.json()["code"] == "auth.escalation"
        renewed = await send(http, "POST", f"/api-keys/{endless['key']['id']}/rotate", headers=bearer(credential))
        assert (renewed.status_code, renewed.json()["code"]) == (403, "auth.escalation")
    itself = await send(http, "POST", f"/api-keys/{brief['key']['id']}/rotate", headers=bearer(brief["api_key"]))
    assert itself.status_code == 200


async def test_a_machine_is_nobodys_customer(http: httpx.AsyncClient, owner: Person) -> None:
    key = (await made(http, owner, *[permission.value for permission in Permission]))["api_key"]
    assert (await asked(http, key, "/users/me"))[0] == 404
    assert (await asked(http, key, "/users/me/sessions"))[0] in (200, 404)


async def test_an_operators_key_is_bounded_by_its_scopes_alone(stand: Stand, http: httpx.AsyncClient) -> None:
    command = CreateApiKeyCommand(
        actor=operator(),
        name="Feed",
        scopes=("orders:read",),
        expires_at=datetime.now(UTC) + timedelta(days=1),
    )
    issued = await stand.shop.create_api_key(command)
    assert "Issued" in repr(issued)
    assert issued.api_key not in repr(issued)
    assert await asked(http, issued.api_key) == (200, None)


async def test_the_last_use_is_noted_once_a_minute(stand: Stand, http: httpx.AsyncClient, owner: Person) -> None:
    issued = await made(http, owner, "orders:read")
    for _ in range(3):
        assert await asked(http, issued["api_key"]) == (200, None)
    shown = await send(http, "GET", f"/api-keys/{issued['key']['id']}", owner)
    used = datetime.fromisoformat(shown.json()["data"]["last_used_at"])
    assert used <= datetime.now(UTC)
    found = await stand.backend.api_key_views.list(ApiKeyFilter(), datetime.now(UTC), PageRequest())
    assert found.items[0].last_used_at == used


async def test_what_happens_to_keys_is_in_the_trail_and_never_a_secret(
    stand: Stand, http: httpx.AsyncClient, owner: Person
) -> None:
    issued = await made(http, owner, "orders:read")
    await send(http, "POST", f"/api-keys/{issued['key']['id']}/rotate", owner)
    await send(http, "POST", f"/api-keys/{issued['key']['id']}/revoke", owner)
    with stand.backend._database.reading() as session:
        events = [event for event in session.table(SECURITY_EVENTS).values() if event.kind.value.startswith("key.")]
    assert [event.kind.value for event in events] == ["key.created", "key.rotated", "key.revoked"]
    assert {event.data["key_id"] for event in events} == {issued["key"]["id"]}
    assert issued["api_key"][34:] not in repr(events)
