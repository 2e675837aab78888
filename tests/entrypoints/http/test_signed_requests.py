"""Requests that have to be signed (RFC 9421), by a library nobody here wrote."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.entrypoints.http.machines import Signer, bearer, made
from tests.entrypoints.http.shop import Stand

from tradepost.kernel.access import Role


class Machine:
    """A machine with a key for signed requests only."""

    def __init__(self, http: httpx.AsyncClient, key: str, signer: Signer) -> None:
        self.http, self.key, self.signer = http, key, signer

    def request(self, method: str = "GET", path: str = "/orders", **options: Any) -> httpx.Request:
        return self.http.build_request(method, f"/api/v1{path}", headers=bearer(self.key), **options)

    async def code(self, request: httpx.Request) -> str:
        answer = await self.http.send(request)
        if answer.is_success:
            return str(answer.status_code)
        assert answer.status_code in (400, 401), answer.text
        return str(answer.json()["code"])


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    stand = Stand.open()
    async with stand.client() as client:
        client.stand = stand  # type: ignore[attr-defined]
        yield client


@pytest.fixture
async def machine(http: httpx.AsyncClient) -> Machine:
    owner = await http.stand.person(Role.OWNER)  # type: ignore[attr-defined]
    signer = Signer()
    issued = await made(http, owner, "orders:read", "stock:write", "stock:read", public_key=signer.pem)
    assert issued["key"]["signed_only"] is True
    return Machine(http, issued["api_key"], signer)


LOCATION = {"code": "shop", "name": "The shop"}


async def test_a_signed_request_is_taken_and_an_unsigned_one_is_not(machine: Machine) -> None:
    assert await machine.code(machine.request()) == "auth.signature_required"
    assert await machine.code(machine.signer.sign(machine.request())) == "200"
    assert await machine.code(machine.signer.sign(machine.request(path="/orders?limit=1&sort=-created_at"))) == "200"
    assert await machine.code(machine.request("POST", "/stock/locations", json=LOCATION)) == "auth.signature_required"
    assert await machine.code(machine.signer.sign(machine.request("POST", "/stock/locations", json=LOCATION))) == "201"


async def test_what_is_asked_by_head_is_signed_as_that(machine: Machine) -> None:
    assert await machine.code(machine.signer.sign(machine.request("HEAD"), body=None)) == "200"


async def test_a_signed_request_is_taken_once(machine: Machine) -> None:
    request = machine.signer.sign(machine.request())
    assert await machine.code(request) == "200"
    assert await machine.code(request) == "auth.signature_invalid"


async def test_a_nonce_is_needed_and_of_a_size(machine: Machine) -> None:
    for nonce in (None, "", "n" * 129):
        assert await machine.code(machine.signer.sign(machine.request(), nonce=nonce)) == "auth.signature_invalid"


@pytest.mark.parametrize(
    "changes",
    [
        {"created": timedelta(minutes=-6)},
        {"created": timedelta(minutes=6)},
        {"expires": timedelta(seconds=-1)},
        {"tag": "another"},
        {"tag": None},
        {"covered_component_ids": ("@method",)},
        {"covered_component_ids": ("@target-uri",)},
        {"covered_component_ids": ("@method", "@path", "@authority")},
    ],
    ids=str,
)
async def test_a_signature_is_recent_and_covers_what_matters(machine: Machine, changes: dict[str, Any]) -> None:
    now = datetime.now(UTC)  # and not when the tests were collected, minutes ago
    changed = {name: now + value if isinstance(value, timedelta) else value for name, value in changes.items()}
    assert await machine.code(machine.signer.sign(machine.request(), **changed)) == "auth.signature_invalid"


async def test_a_body_is_covered_by_its_digest_and_is_the_one_that_was_signed(machine: Machine) -> None:
    def request() -> httpx.Request:
        return machine.request("POST", "/stock/locations", json=LOCATION)

    assert await machine.code(machine.signer.sign(request(), body=None)) == "auth.signature_invalid"
    signed = machine.signer.sign(request())
    other = machine.request("POST", "/stock/locations", json={**LOCATION, "name": "Another"})
    other.headers.update({name: signed.headers[name] for name in ("signature", "signature-input", "content-digest")})
    assert await machine.code(other) == "request.digest"
    mended = machine.signer.sign(request())
    del mended.headers["content-digest"]
    assert await machine.code(mended) == "auth.signature_invalid"


async def test_a_signature_is_good_for_its_request_alone(machine: Machine) -> None:
    signed = machine.signer.sign(machine.request())
    names = ("signature", "signature-input")
    for other in (machine.request(path="/orders?limit=1"), machine.request(path="/stock/levels")):
        other.headers.update({name: signed.headers[name] for name in names})
        assert await machine.code(other) == "auth.signature_invalid"
    stranger = Signer()
    assert await machine.code(stranger.sign(machine.request())) == "auth.signature_invalid"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("signature-input", ""),
        ("signature-input", "nonsense(("),
        ("signature", "pyhms=:AAAA:"),
        ("signature", "pyhms=:" + "A" * 88 + ":"),
        ("signature", "other=:AAAA:"),
    ],
)
async def test_junk_is_refused(machine: Machine, name: str, value: str) -> None:
    request = machine.signer.sign(machine.request())
    request.headers[name] = value
    assert await machine.code(request) == "auth.signature_invalid"


async def test_a_wrong_digest_is_refused_of_anybody(http: httpx.AsyncClient) -> None:
    for value in ("sha-256=:AAAA:", "nonsense", "md5=:AAAA:"):
        answer = await http.post("/api/v1/carts", json={"currency": "EUR"}, headers={"content-digest": value})
        assert (answer.status_code, answer.json()["code"]) == (400, "request.digest")


async def test_what_is_no_public_key_is_refused(http: httpx.AsyncClient) -> None:
    owner = await http.stand.person(Role.OWNER)  # type: ignore[attr-defined]
    for text in ("nonsense", "AAAA", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"):
        body = {"name": "W", "scopes": ["orders:read"], "public_key": text}
        answer = await http.post("/api/v1/api-keys", json=body, headers=owner.headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "api_key.invalid")
        assert answer.json()["errors"][0]["pointer"] == "/public_key"


async def test_a_key_that_has_to_sign_makes_and_renews_none_that_need_not(http: httpx.AsyncClient) -> None:
    owner = await http.stand.person(Role.OWNER)  # type: ignore[attr-defined]
    signer, scopes = Signer(), ["orders:read", "keys:write"]
    machine = Machine(http, (await made(http, owner, *scopes, public_key=signer.pem))["api_key"], signer)
    unsigned = (await made(http, owner, "orders:read"))["key"]["id"]
    for path, body in (
        ("/api-keys", {"name": "W", "scopes": ["orders:read"]}),
        (f"/api-keys/{unsigned}/rotate", {}),
    ):
        answer = await http.send(signer.sign(machine.request("POST", path, json=body)))
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.escalation")
    body = {"name": "W", "scopes": ["orders:read"], "public_key": Signer().pem}
    assert await machine.code(signer.sign(machine.request("POST", "/api-keys", json=body))) == "201"
