"""Probes: alive, ready, and how everything is."""

import asyncio

import httpx
import pytest
from tests.entrypoints.http.toy import Services, application
from tests.entrypoints.http.toy import client as client_of

from tradepost_entrypoints.http.app import MissingParts, create_app
from tradepost_entrypoints.http.health import Check
from tradepost_entrypoints.http.routes import health


async def _well() -> None:
    await asyncio.sleep(0.01)


async def _broken() -> None:
    raise ConnectionError("postgresql://shop:hunter2@db/shop refused")


async def _hanging() -> None:
    await asyncio.sleep(60)


async def _get(path: str, *checks: Check) -> httpx.Response:
    async with client_of(application(Services(checks))) as client:
        return await client.get(path)


async def test_live_checks_nothing() -> None:
    response = await _get("/live", Check("database", _broken))
    assert (response.status_code, response.json()) == (200, {"status": "ok", "checks": []})


async def test_ready_is_503_while_something_required_fails() -> None:
    assert (await _get("/ready", Check("database", _well))).status_code == 200
    response = await _get("/ready", Check("database", _broken))
    assert (response.status_code, response.json()["status"]) == (503, "failing")


async def test_what_is_not_required_is_shown_and_does_not_stop_the_service() -> None:
    checks = (Check("database", _well), Check("cache", _broken, required=False))
    assert (await _get("/ready", *checks)).status_code == 200
    response = await _get("/health", *checks)
    assert response.status_code == 200
    assert [(check["name"], check["status"]) for check in response.json()["checks"]] == [
        ("database", "ok"),
        ("cache", "failing"),
    ]


async def test_health_shows_latency_and_never_what_a_driver_said() -> None:
    response = await _get("/health", Check("database", _well), Check("other", _broken))
    assert response.status_code == 503
    well, broken = response.json()["checks"]
    assert well["latency_ms"] >= 10
    assert broken["reason"] == "ConnectionError"
    assert "hunter2" not in response.text


async def test_a_check_that_hangs_fails_and_the_others_do_not_wait_in_line() -> None:
    everyone_began = asyncio.Barrier(5)
    together: list[int] = []

    async def meets_the_others_then_hangs() -> None:
        together.append(await everyone_began.wait())
        await _hanging()

    checks = [Check(f"slow{n}", meets_the_others_then_hangs, timeout=0.5) for n in range(5)]
    response = await _get("/health", *checks)
    assert {check["reason"] for check in response.json()["checks"]} == {"no answer within 0.5 s"}
    assert sorted(together) == [0, 1, 2, 3, 4]


async def test_the_application_opens_and_closes_what_it_stands_on() -> None:
    services = Services()
    async with application(services).lifespan():
        assert services.open
    assert not services.open


def test_a_route_without_its_use_case_is_found_at_start() -> None:
    class Empty(Services):
        def part(self, name: str) -> object:
            raise KeyError(name)

    with pytest.raises(MissingParts, match=r"sorting \(of make_thing\), sorting \(of list_things\)"):
        application(Empty())
    create_app(Empty(), endpoints=health.ROUTES)
