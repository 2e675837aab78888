"""Guests who retry: known by their key as long as they have no token, and never taken for one another."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.entrypoints.http.shop import Stand, send

CART: tuple[str, Any] = ("/carts", {"currency": "EUR"})
ORDER: tuple[str, Any] = (
    "/orders",
    {"lines": [{"sku": "MUG", "quantity": 1}], "currency": "EUR", "payment": {"method": "manual"}},
)
MINE = "8e03978e-40d5-43e8-bc93-6894a57f9324"
THEIRS = "dbd911d2-0500-444c-a4c3-ee87a94eb55e"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    stand = Stand.open()
    await stand.sell("MUG")
    async with stand.client() as client:
        yield client


@pytest.mark.parametrize(("path", "body"), [CART, ORDER], ids=["cart", "order"])
async def test_a_guest_who_retries_gets_the_same_and_another_guest_does_not(
    http: httpx.AsyncClient, path: str, body: Any
) -> None:
    answers = [
        await send(http, "POST", path, json=body, headers={"idempotency-key": key}) for key in (MINE, THEIRS, MINE)
    ]
    assert [answer.status_code for answer in answers] == [201] * 3
    mine, theirs, again = (answer.json()["data"] for answer in answers)
    assert (again["id"], again["token"]) == (mine["id"], mine["token"])
    assert theirs["id"] != mine["id"]
    assert [answer.headers.get("idempotent-replayed") for answer in answers] == [None, None, "true"]


@pytest.mark.parametrize(("path", "body"), [CART, ORDER], ids=["cart", "order"])
async def test_a_key_that_two_guests_may_share_is_refused(http: httpx.AsyncClient, path: str, body: Any) -> None:
    for headers in ({}, {"x-cart-token": "null"}):
        refused = await send(http, "POST", path, json=body, headers={"idempotency-key": "two-mugs", **headers})
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency.key_too_short")


async def test_who_is_known_otherwise_may_count(http: httpx.AsyncClient) -> None:
    cart = (await send(http, "POST", "/carts", json={"currency": "EUR"})).json()["data"]
    added = await send(
        http,
        "POST",
        f"/carts/{cart['id']}/lines",
        json={"sku": "MUG", "quantity": 1},
        headers={"idempotency-key": "1", "x-cart-token": cart["token"]},
    )
    assert added.status_code == 200, added.text
