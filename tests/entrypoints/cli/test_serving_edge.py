"""What `tradepost serve` puts between the network and the shop, by its settings, as a process of its own."""

import json
import re
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from tests.entrypoints.cli.test_serving import SECRET, get, running

TOLD = {
    "X-Forwarded-For": "198.51.100.9, 203.0.113.7",
    "X-Forwarded-Proto": "https",
    "Origin": "https://shop.example.com",
}


def _lines(said: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return [line for line in found if line["event"] == "request" and line["path"] == "/api/v1/products"]


def test_by_default_callers_are_counted_and_no_proxy_is_believed_not_even_on_this_machine(
    sqlite_url: str, tmp_path: Path
) -> None:
    with running(
        "serve", "--port", "0", "--json", folder=tmp_path, DATABASE_URL=sqlite_url, TOKEN_SECRET=SECRET
    ) as server:
        url = server.document()["url"]
        get(f"{url}/ready")
        answer = httpx.get(f"{url}/api/v1/products", headers=TOLD)
        _, said = server.stop()
    assert answer.headers["ratelimit-policy"] == '"address";q=300;w=60'
    assert "strict-transport-security" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers
    assert [line["client"] for line in _lines(said)] == ["127.0.0.0"]
    assert "203.0.113" not in said


def test_settings_say_whom_to_believe_whom_to_let_in_and_how_often(
    sqlite_url: str, tmp_path: Path, valkey_server: str
) -> None:
    with running(
        "serve", "--port", "0", "--json", folder=tmp_path, DATABASE_URL=sqlite_url, TOKEN_SECRET=SECRET,
        TRUSTED_PROXIES="127.0.0.0/8", CORS_ORIGINS="https://shop.example.com", LOG_CLIENT_ADDRESS="full",
        CACHE_URL=valkey_server, RATE_LIMIT_ADDRESS="3/1h", RATE_LIMIT_CREDENTIALS="off",
    ) as server:  # fmt: skip
        url = server.document()["url"]
        get(f"{url}/ready")
        answers = [httpx.get(f"{url}/api/v1/products", headers=TOLD) for _ in range(4)]
        other = httpx.get(f"{url}/api/v1/products", headers={"X-Forwarded-For": "203.0.113.8"})
        preflight = httpx.options(f"{url}/api/v1/carts", headers={**TOLD, "Access-Control-Request-Method": "POST"})
        _, said = server.stop()
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert other.status_code == 200
    assert answers[3].json()["violated-policies"] == ["address"]
    assert answers[0].headers["strict-transport-security"]
    assert answers[0].headers["access-control-allow-origin"] == "https://shop.example.com"
    assert re.search(r"\bX-Cart-Token\b", preflight.headers["access-control-allow-headers"])
    assert [line["client"] for line in _lines(said)] == ["203.0.113.7"] * 4 + ["203.0.113.8"]


def test_a_head_without_an_end_is_not_read_for_ever(sqlite_url: str, tmp_path: Path) -> None:
    with running(
        "serve", "--port", "0", "--json", folder=tmp_path, DATABASE_URL=sqlite_url, TOKEN_SECRET=SECRET
    ) as server:
        address = urlsplit(server.document()["url"])
        with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as client:
            client.sendall(b"GET /live HTTP/1.1\r\nhost: x\r\nx-long: " + b"a" * 70_000)
            assert client.recv(100).startswith(b"HTTP/1.1 431 ")
