"""Refusals become problem documents; one module says which status."""

import logging

import httpx
import pytest
from tests.entrypoints.http.toy import JSON

from tradepost.kernel.errors import Kind
from tradepost_entrypoints.http.problems import STATUS


def test_every_kind_has_a_status() -> None:
    assert set(STATUS) == set(Kind)


@pytest.mark.parametrize(
    ("kind", "status", "header"),
    [
        ("invalid", 422, None),
        ("unauthenticated", 401, ("www-authenticate", 'Bearer realm="tradepost"')),
        ("forbidden", 403, None),
        ("not_found", 404, None),
        ("conflict", 409, ("retry-after", "2")),
        ("precondition_failed", 412, None),
        ("payment_declined", 402, None),
        ("rate_limited", 429, ("retry-after", "30")),
        ("unavailable", 503, ("retry-after", "1")),
    ],
)
async def test_a_refusal_has_the_status_of_its_kind(
    client: httpx.AsyncClient, kind: str, status: int, header: tuple[str, str] | None
) -> None:
    response = await client.get(f"/api/v1/errors/{kind}")
    problem = response.json()
    assert response.status_code == problem["status"] == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert problem["request_id"] == response.headers["x-request-id"]
    assert problem["instance"] == f"/api/v1/errors/{kind}"
    assert problem["type"] == f"urn:tradepost:problem:{problem['code']}"
    assert problem["title"]
    assert problem["detail"]
    if header is not None:
        assert response.headers[header[0]] == header[1]


async def test_the_faults_of_a_refusal_are_its_errors(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/errors/invalid")).json()["errors"] == [
        {"detail": "First.", "pointer": "/a"},
        {"detail": "Second.", "pointer": "/b", "code": "second"},
    ]


async def test_the_data_of_a_refusal_are_members_and_never_replace_standard_ones(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/errors/payment_declined")).json()["order_id"] == "order_1"
    problem = (await client.get("/api/v1/errors/cheeky")).json()
    assert (problem["status"], problem["code"], problem["extra"]) == (409, "thing.cheeky", 1)


async def test_a_bug_is_a_500_that_tells_nothing_and_is_logged(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, logger="tradepost.http"):
        response = await client.get("/api/v1/errors/crash")
    assert response.status_code == 500
    assert response.json()["code"] == "internal"
    assert "hunter2" not in response.text
    assert "RuntimeError" not in response.text
    record = caplog.records[0]
    assert record.exc_info is not None
    assert record.__dict__["fields"] == {"request_id": response.headers["x-request-id"]}


async def test_a_path_nobody_serves_is_a_404_problem(client: httpx.AsyncClient) -> None:
    for path in ("/", "/nope", "/api/v1/nope", "/api/v1/things/thing_1/nope", "/live/nope"):
        response = await client.get(path)
        assert (response.status_code, response.json()["code"]) == (404, "route.not_found")


async def test_a_wrong_method_is_a_405_that_says_which_are_possible(client: httpx.AsyncClient) -> None:
    response = await client.put("/api/v1/things/thing_1", content="{}", headers=JSON)
    assert (response.status_code, response.json()["code"]) == (405, "method.not_allowed")
    assert response.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH"
    assert response.json()["allowed"] == ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH"]


async def test_options_says_what_a_405_would_say(client: httpx.AsyncClient) -> None:
    for path in ("/api/v1/things", "/api/v1/things/thing_1", "/live"):
        response = await client.options(path)
        refused = await client.request("PUT", path)
        assert (response.status_code, response.content) == (204, b"")
        assert response.headers["allow"] == refused.headers["allow"]
        assert "GET" in response.headers["allow"]


async def test_a_malformed_host_is_a_400_problem(client: httpx.AsyncClient) -> None:
    response = await client.get("/live", headers={"host": "a b/c"})
    assert (response.status_code, response.json()["code"]) == (400, "request.malformed")
