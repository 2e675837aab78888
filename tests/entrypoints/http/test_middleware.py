"""Around every request: its id, its log line, its metrics, the headers every response carries."""

import io
import json
from typing import Any

import httpx
import pytest
from tests.entrypoints.http.toy import GOOD, application
from tests.entrypoints.http.toy import client as client_of

from tradepost_entrypoints.logs import EventLog

THINGS = "/api/v1/things"


async def _logged(method: str, path: str, **options: Any) -> dict[str, Any]:
    stream = io.BytesIO()
    async with client_of(application(log=EventLog(stream))) as client:
        await client.request(method, path, **options)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 1
    event: dict[str, Any] = json.loads(lines[0])
    return event


async def test_a_sane_request_id_is_kept(client: httpx.AsyncClient) -> None:
    assert (await client.get("/live", headers={"x-request-id": "a.b:c-1"})).headers["x-request-id"] == "a.b:c-1"


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, '"}\\n{"', "é".encode()])
async def test_any_other_request_id_is_replaced(client: httpx.AsyncClient, given: str | bytes) -> None:
    response = await client.get("/live", headers={b"x-request-id": given})  # type: ignore[dict-item]
    assert len(response.headers["x-request-id"]) == 32


async def test_every_response_carries_the_security_headers(client: httpx.AsyncClient) -> None:
    for path in ("/live", "/nope", "/api/v1/errors/crash", THINGS, "/api/docs"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        policy = headers["content-security-policy"].split("; ")
        for directive in ("default-src", "object-src", "base-uri", "form-action", "frame-ancestors"):
            assert f"{directive} 'none'" in policy
        assert len(headers.get_list("content-security-policy")) == 1


async def test_a_request_is_one_line(client: httpx.AsyncClient) -> None:
    event = await _logged(
        "POST", f"{THINGS}", json=GOOD, headers={"authorization": "Bearer good", "x-request-id": "r1"}
    )
    assert event.pop("duration_ms") > 0
    assert event.pop("bytes") > 100
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "level": "info",
        "event": "request",
        "request_id": "r1",
        "method": "POST",
        "route": THINGS,
        "path": THINGS,
        "status": 201,
        "actor": "user_1",
        "client": "127.0.0.0",
    }


async def test_a_refused_request_is_logged_with_its_code() -> None:
    assert (await _logged("GET", "/nope"))["code"] == "route.not_found"
    event = await _logged("GET", "/api/v1/errors/crash")
    assert (event["level"], event["status"], event["code"], event["route"]) == (
        "error",
        500,
        "internal",
        "/api/v1/errors/{kind}",
    )


async def test_secrets_do_not_reach_the_log() -> None:
    card = "4242 4242 4242 4242"
    event = await _logged(
        "GET",
        f"/api/v1/things/{card}?token=abc123&cursor={card}&q=1&api_key=k9",
        headers={"authorization": "Bearer good", "cookie": "session=s3cret"},
    )
    line = json.dumps(event)
    for secret in ("4242", "abc123", "k9", "Bearer", "s3cret"):
        assert secret not in line
    assert event["query"] == "token=[hidden]&cursor=[hidden]&q=1&api_key=[hidden]"


async def test_metrics_count_by_route_template_and_never_by_path() -> None:
    app = application()
    async with client_of(app) as client:
        for n in range(3):
            await client.get(f"{THINGS}/thing_{n}")
        await client.get("/some/raw/path")
        await client.request("BREW", "/coffee")
        await client.get("/api/v1/errors/crash")
        text = (await client.get("/metrics")).text
    assert f'tradepost_http_requests_total{{method="GET",route="{THINGS}/{{thing_id}}",status="200"}} 3.0' in text
    assert 'tradepost_http_requests_total{method="GET",route="unmatched",status="404"} 1.0' in text
    assert 'method="other",route="unmatched"' in text
    assert 'route="/api/v1/errors/{kind}",status="500"} 1.0' in text
    assert f'tradepost_http_request_duration_seconds_count{{method="GET",route="{THINGS}/{{thing_id}}"}} 3.0' in text
    assert "tradepost_http_requests_in_flight 1.0" in text  # the scrape itself
    assert "raw" not in text
    assert "thing_0" not in text


async def test_head_answers_like_get_without_a_body(client: httpx.AsyncClient) -> None:
    get, head = await client.get(f"{THINGS}/thing_1"), await client.head(f"{THINGS}/thing_1")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]
    assert head.headers["etag"] == get.headers["etag"]
    assert (await client.head(f"{THINGS}/thing_404")).status_code == 404


async def test_a_client_that_goes_away_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    stream = io.BytesIO()
    scope = {
        "type": "http",
        "method": "POST",
        "path": THINGS,
        "raw_path": THINGS.encode(),
        "query_string": b"",
        "headers": [(b"host", b"shop.test"), (b"content-type", b"application/json")],
        "client": ("10.0.0.1", 1),
        "server": ("shop.test", 80),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
    }
    await application(log=EventLog(stream))(scope, receive, send)  # type: ignore[arg-type]
    assert sent == []
    assert json.loads(stream.getvalue())["status"] == 499
    assert not caplog.records
