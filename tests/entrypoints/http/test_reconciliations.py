"""A gateway's balance against the ledger over HTTP, on the whole service."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.entrypoints.http.shop import Person, Stand, send

from tradepost.kernel.access import Role

_PATH = "/payments/reconciliations"
_YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).isoformat()


@pytest.fixture
async def stand() -> Stand:
    stand = Stand.open()
    await stand.sell("MUG", stock=10)
    return stand


@pytest.fixture
async def http(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    async with stand.client() as client:
        yield client


@pytest.fixture
async def manager(stand: Stand) -> Person:
    return await stand.person(Role.MANAGER)


async def reconcile(http: httpx.AsyncClient, manager: Person, **body: Any) -> httpx.Response:
    return await send(http, "POST", _PATH, manager, json={"at_from": _YESTERDAY, **body})


async def test_the_gateway_is_asked_and_agrees(stand: Stand, http: httpx.AsyncClient, manager: Person) -> None:
    body = {
        "lines": [{"sku": "MUG", "quantity": 1}],
        "currency": "EUR",
        "payment": {"method": "card", "token": "tok_success"},
    }
    bought = await send(http, "POST", "/orders", manager, json=body)
    assert bought.status_code == 201
    answer = await reconcile(http, manager)
    assert answer.status_code == 200
    view = answer.json()["data"]
    assert (view["agreed"], view["gateway"], view["source"], view["lines"]) == (True, "simulated", "gateway", 1)
    (total,) = view["totals"]
    assert total["matched"]["count"] == 1
    assert total["matched"]["amount"] == total["clearing"] == bought.json()["data"]["total"]


async def test_a_period_that_is_none_or_too_long_is_refused(http: httpx.AsyncClient, manager: Person) -> None:
    for body, pointer in (
        ({"at_before": _YESTERDAY}, "/at_before"),
        ({"at_from": "2020-01-01T00:00:00Z"}, "/at_from"),
    ):
        answer = await reconcile(http, manager, **body)
        assert (answer.status_code, answer.json()["code"]) == (422, "reconciliation.period_invalid")
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_gateway_that_is_not_configured_is_named(http: httpx.AsyncClient, manager: Person) -> None:
    answer = await reconcile(http, manager, gateway="acme")
    assert (answer.status_code, answer.json()["code"]) == (409, "payment.gateway_missing")
    assert "'acme'" in answer.json()["detail"]


async def test_the_verification_of_the_ledger_tells_of_orders_and_payments_too(
    http: httpx.AsyncClient, manager: Person
) -> None:
    view = (await send(http, "GET", "/ledger/verification", manager)).json()["data"]
    assert view["sound"]
    assert {"transfers_balance", "orders.paid", "payments.refunded"} <= {check["rule"] for check in view["checks"]}
