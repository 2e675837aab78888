"""OAuth for machines, driven by Authlib's own client."""

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuthError
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.entrypoints.http.machines import Signer, bearer, made
from tests.entrypoints.http.shop import Person, Stand, send

from tradepost.kernel.access import Role, operator
from tradepost.users import SuspendUserCommand
from tradepost_adapters.memory.security_log import SECURITY_EVENTS

HERE = "http://localhost:8000"

try:  # Authlib takes the successor where it is installed
    import httpx2 as theirs
except ModuleNotFoundError:
    import httpx as theirs


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


def client_of(http: httpx.AsyncClient, issued: dict[str, Any], **options: Any) -> AsyncOAuth2Client:
    """Authlib's client, talking to the application under test."""
    return AsyncOAuth2Client(
        issued["key"]["id"],
        issued["api_key"],
        token_endpoint=f"{HERE}/oauth/token",
        transport=theirs.ASGITransport(app=http._transport.app),  # type: ignore[attr-defined]
        base_url=HERE,
        **options,
    )


async def form(http: httpx.AsyncClient, path: str, issued: dict[str, Any], **fields: str) -> httpx.Response:
    return await http.post(f"/oauth/{path}", data=fields, auth=(issued["key"]["id"], issued["api_key"]))


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_authlibs_client_gets_a_token_and_uses_it(http: httpx.AsyncClient, owner: Person, method: str) -> None:
    issued = await made(http, owner, "orders:read", "stock:read")
    async with client_of(http, issued, token_endpoint_auth_method=method, scope="orders:read") as machine:
        token = await machine.fetch_token(grant_type="client_credentials")
        assert (token["token_type"], token["expires_in"], token["scope"]) == ("Bearer", 900, "orders:read")
        assert "refresh_token" not in token
        assert (await machine.get("/api/v1/orders")).status_code == 200
        refused = await machine.get("/api/v1/stock/levels")
        assert (refused.status_code, refused.json()["code"]) == (403, "auth.scope_missing")


async def test_authlibs_client_asks_for_the_next_token_by_itself(http: httpx.AsyncClient, owner: Person) -> None:
    issued = await made(http, owner, "orders:read")
    async with client_of(http, issued, grant_type="client_credentials", leeway=60) as machine:
        first = await machine.fetch_token()
        machine.token["expires_at"] = 1
        assert (await machine.get("/api/v1/orders")).status_code == 200
        assert machine.token["access_token"] != first["access_token"]


async def test_without_a_scope_a_token_is_good_for_all_the_key_is(http: httpx.AsyncClient, owner: Person) -> None:
    issued = await made(http, owner, "stock:read", "orders:read")
    async with client_of(http, issued) as machine:
        token = await machine.fetch_token(grant_type="client_credentials")
    assert token["scope"] == "orders:read stock:read"


async def test_authlibs_client_revokes_and_introspects(http: httpx.AsyncClient, owner: Person) -> None:
    issued = await made(http, owner, "orders:read", "keys:read")
    async with client_of(http, issued) as machine:
        token = (await machine.fetch_token(grant_type="client_credentials"))["access_token"]
        told = (await machine.introspect_token(f"{HERE}/oauth/introspect", token=token)).json()
        assert told["active"] is True
        assert (told["client_id"], told["sub"], told["scope"]) == (
            issued["key"]["id"],
            issued["key"]["id"],
            "keys:read orders:read",
        )
        assert told["exp"] - told["iat"] == 900
        assert told["iss"] == HERE
        for _ in range(2):
            revoked = await machine.revoke_token(f"{HERE}/oauth/revoke", token=token, token_type_hint="access_token")
            assert (revoked.status_code, revoked.json()) == (200, {})
        assert (await machine.get("/api/v1/orders")).json()["code"] == "auth.invalid"
        told = (await machine.introspect_token(f"{HERE}/oauth/introspect", token=token)).json()
        assert told == {"active": False}


async def test_a_token_ends_with_its_key_and_its_user_in_every_process(
    stand: Stand, http: httpx.AsyncClient, owner: Person
) -> None:
    other = await stand.person(Role.OWNER)
    by_key, by_user = await made(http, owner, "orders:read"), await made(http, other, "orders:read")
    tokens = [
        (await form(http, "token", issued, grant_type="client_credentials")).json()["access_token"]
        for issued in (by_key, by_user)
    ]
    async with Stand.beside(stand).client() as elsewhere:
        for token in tokens:
            assert (await send(elsewhere, "GET", "/orders", headers=bearer(token))).status_code == 200
        await send(http, "POST", f"/api-keys/{by_key['key']['id']}/revoke", owner)
        await stand.shop.suspend_user(SuspendUserCommand(actor=operator(), user_id=other.id))
        for token in tokens:
            assert (await send(elsewhere, "GET", "/orders", headers=bearer(token))).status_code == 401


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"scope": "orders:read"}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "scope": "everything"}, 400, "invalid_scope"),
        ({"grant_type": "client_credentials", "scope": "users:write"}, 400, "invalid_scope"),
        ({"grant_type": "client_credentials", "scope": "orders:read users:write"}, 400, "invalid_scope"),
        ({"grant_type": "client_credentials", "client_secret": "x"}, 400, "invalid_request"),
    ],
)
async def test_what_is_wrong_is_said_as_rfc_6749_says(
    http: httpx.AsyncClient, owner: Person, fields: dict[str, str], status: int, error: str
) -> None:
    issued = await made(http, owner, "orders:read")
    answer = await form(http, "token", issued, **fields)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert set(answer.json()) <= {"error", "error_description"}
    assert (answer.headers["cache-control"], answer.headers["content-type"]) == ("no-store", "application/json")


async def test_authlibs_client_understands_a_refusal(http: httpx.AsyncClient, owner: Person) -> None:
    issued = await made(http, owner, "orders:read")
    async with client_of(http, issued, scope="users:write") as machine:
        with pytest.raises(OAuthError) as error:
            await machine.fetch_token(grant_type="client_credentials")
    assert error.value.error == "invalid_scope"


async def test_a_client_that_is_not_who_it_says_is_refused(http: httpx.AsyncClient, owner: Person) -> None:
    issued, other = await made(http, owner, "orders:read"), await made(http, owner, "orders:read")
    key_id, secret = issued["key"]["id"], issued["api_key"]
    wrong = [(key_id, secret[:-1] + "_"), (key_id, ""), ("key_none", secret), (key_id, other["api_key"]), ("", secret)]
    fields = {"grant_type": "client_credentials"}
    for name, password in wrong:
        answer = await http.post("/oauth/token", data=fields, auth=(name, password))
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), (name, password)
        assert answer.headers["www-authenticate"].startswith("Basic")
        assert answer.headers["cache-control"] == "no-store"
    posted = {**fields, "client_id": key_id, "client_secret": "wrong"}
    answer = await http.post("/oauth/token", data=posted)
    assert (answer.status_code, answer.json()["error"]) in ((400, "invalid_client"), (401, "invalid_client"))
    for header in ("Basic", "Basic !!!", "Bearer " + secret, "Basic " + b64encode(b"no colon").decode()):
        answer = await http.post("/oauth/token", data=fields, headers={"authorization": header})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), header
    await send(http, "POST", f"/api-keys/{key_id}/revoke", owner)
    answer = await form(http, "token", issued, **fields)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b'{"grant_type":"client_credentials"}', "application/json"),
        (b"grant_type=client_credentials&grant_type=client_credentials", "application/x-www-form-urlencoded"),
        (b"grant_type", "application/x-www-form-urlencoded"),
        (b"\xff\xfe=1", "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % n for n in range(50)), "application/x-www-form-urlencoded"),
        (b"", "text/plain"),
    ],
)
async def test_what_is_no_form_is_refused(http: httpx.AsyncClient, owner: Person, body: bytes, media_type: str) -> None:
    issued = await made(http, owner, "orders:read")
    answer = await http.post(
        "/oauth/token",
        content=body,
        headers={"content-type": media_type},
        auth=(issued["key"]["id"], issued["api_key"]),
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_machine_revokes_its_own_tokens_alone(http: httpx.AsyncClient, owner: Person) -> None:
    issued, other = await made(http, owner, "orders:read"), await made(http, owner, "orders:read")
    token = (await form(http, "token", issued, grant_type="client_credentials")).json()["access_token"]
    for foreign in (token, owner.token):
        answer = await form(http, "revoke", other, token=foreign)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert (await send(http, "GET", "/orders", headers=bearer(token))).status_code == 200
    assert (await form(http, "revoke", issued, token="nonsense")).status_code == 200
    missing = await form(http, "revoke", issued)
    assert (missing.status_code, missing.json()["error"]) == (400, "invalid_request")
    hinted = await form(http, "revoke", issued, token=token, token_type_hint="id_token")
    assert (hinted.status_code, hinted.json()["error"]) == (400, "unsupported_token_type")


async def test_introspection_takes_a_scope_and_tells_of_users_tokens_too(
    http: httpx.AsyncClient, owner: Person
) -> None:
    issued, checker = await made(http, owner, "orders:read"), await made(http, owner, "keys:read")
    refused = await form(http, "introspect", issued, token=owner.token)
    assert (refused.status_code, refused.json()["error"]) == (403, "insufficient_scope")
    told = (await form(http, "introspect", checker, token=owner.token)).json()
    assert (told["active"], told["sub"]) == (True, owner.id)
    assert "client_id" not in told
    for nonsense in ("nonsense", checker["api_key"], owner.token[:-1]):
        assert (await form(http, "introspect", checker, token=nonsense)).json() == {"active": False}


async def test_a_machine_that_signs_has_to_sign_with_a_token_too(http: httpx.AsyncClient, owner: Person) -> None:
    signer = Signer()
    issued = await made(http, owner, "orders:read", public_key=signer.pem)
    token = (await form(http, "token", issued, grant_type="client_credentials")).json()["access_token"]
    assert (await send(http, "GET", "/orders", headers=bearer(token))).json()["code"] == "auth.signature_required"
    request = http.build_request("GET", "/api/v1/orders", headers=bearer(token))
    assert (await http.send(signer.sign(request))).status_code == 200


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
async def test_the_discovery_document_is_right_and_tokens_verify_by_what_it_names(
    http: httpx.AsyncClient, owner: Person
) -> None:
    answer = await http.get("/.well-known/oauth-authorization-server")
    metadata = answer.json()
    # Nothing is answered at an authorization endpoint, as there is none; Authlib holds an empty list for a missing one.
    assert metadata["response_types_supported"] == []
    AuthorizationServerMetadata({**metadata, "response_types_supported": ["none"]}).validate()
    assert metadata["issuer"] == HERE
    issued = await made(http, owner, "orders:read")
    path = metadata["token_endpoint"].removeprefix(HERE)
    fields = {"grant_type": "client_credentials"}
    token = (await http.post(path, data=fields, auth=(issued["key"]["id"], issued["api_key"]))).json()["access_token"]
    keys = KeySet.import_key_set((await http.get(metadata["jwks_uri"].removeprefix(HERE))).json())
    claims = jwt.decode(token, keys, algorithms=["EdDSA"])
    assert (claims.claims["iss"], claims.claims["client_id"]) == (metadata["issuer"], issued["key"]["id"])
    assert claims.header["typ"] == "at+jwt"


async def test_tokens_of_machines_are_in_the_trail(stand: Stand, http: httpx.AsyncClient, owner: Person) -> None:
    issued = await made(http, owner, "orders:read")
    token = (await form(http, "token", issued, grant_type="client_credentials")).json()["access_token"]
    await form(http, "revoke", issued, token=token)
    with stand.backend._database.reading() as session:
        events = [each for each in session.table(SECURITY_EVENTS).values() if each.actor_id == issued["key"]["id"]]
    assert [event.kind.value for event in events] == ["client_token.issued", "client_token.revoked"]
    assert events[0].data["scope"] == "orders:read"
    assert token not in repr(events)
