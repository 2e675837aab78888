"""Who asks: guests, tokens, and routes for the signed-in."""

import httpx
import pytest
from tests.entrypoints.http.toy import GOOD, STAFF, Services

from tradepost.kernel.access import GUEST

THINGS = "/api/v1/things"


async def test_without_authorization_a_guest_asks(client: httpx.AsyncClient, services: Services) -> None:
    await client.post(THINGS, json=GOOD)
    assert services.sorting.calls[0][1] is GUEST


async def test_a_good_token_names_the_caller(client: httpx.AsyncClient, services: Services) -> None:
    await client.post(THINGS, json=GOOD, headers={"authorization": "Bearer good"})
    assert services.sorting.calls[0][1] is STAFF


@pytest.mark.parametrize("path", [THINGS, f"{THINGS}/thing_1", "/api/v1/openapi.json"])
@pytest.mark.parametrize("authorization", ["Bearer bad", "Basic abc", "", "good"])
async def test_a_bad_token_is_a_401_also_where_guests_may_go(
    client: httpx.AsyncClient, path: str, authorization: str
) -> None:
    response = await client.get(path, headers={"authorization": authorization})
    assert (response.status_code, response.json()["code"]) == (401, "auth.invalid_token")
    assert response.headers["www-authenticate"] == 'Bearer realm="tradepost", error="invalid_token"'


async def test_a_guest_is_refused_before_anything_is_read(client: httpx.AsyncClient) -> None:
    response = await client.delete(f"{THINGS}/junk?junk=1")
    assert (response.status_code, response.json()["code"]) == (401, "auth.required")


async def test_probes_ask_nobodys_name(client: httpx.AsyncClient) -> None:
    for path in ("/live", "/ready", "/health", "/metrics", "/api/docs"):
        assert (await client.get(path, headers={"authorization": "Bearer bad"})).status_code == 200
