"""Roles over HTTP: what is changed counts from the next request on, with the token one has."""

from collections.abc import AsyncIterator

import httpx
import pytest
from tests.entrypoints.http.shop import Person, Stand, send

from tradepost.kernel.access import Role


@pytest.fixture
async def stand() -> Stand:
    stand = Stand.open()
    await stand.sell("MUG", price=1000)
    return stand


@pytest.fixture
async def http(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    async with stand.client() as client:
        yield client


async def order(http: httpx.AsyncClient, buyer: Person) -> str:
    body = {
        "lines": [{"sku": "MUG", "quantity": 2}],
        "currency": "EUR",
        "payment": {"method": "card", "token": "tok_success"},
    }
    placed = await send(http, "POST", "/orders", buyer, json=body)
    assert placed.status_code == 201, placed.text
    return str(placed.json()["data"]["id"])


async def test_a_role_that_is_given_changed_or_taken_counts_at_the_next_request(
    stand: Stand, http: httpx.AsyncClient
) -> None:
    owner, clerk = await stand.person(Role.OWNER), await stand.person()

    async def sees_stock() -> bool:
        return (await send(http, "GET", "/stock/levels", clerk)).is_success

    made = await send(http, "POST", "/roles", owner, json={"name": "clerk", "permissions": ["orders:read"]})
    assert (made.status_code, made.headers["location"]) == (201, "/api/v1/roles/clerk")
    given = await send(http, "PUT", f"/users/{clerk.id}/role", owner, json={"role": "clerk"})
    assert (given.status_code, given.json()["data"]["role"]) == (200, "clerk")
    assert not await sees_stock()
    etag = made.headers["etag"]
    changed = await send(
        http,
        *("PATCH", "/roles/clerk", owner),
        json={"permissions": ["orders:read", "stock:read"]},
        headers={"if-match": etag},
    )
    assert changed.json()["data"]["includes"] == ["orders:read", "stock:read"]
    assert await sees_stock()
    stale = await send(http, "PATCH", "/roles/clerk", owner, json={"permissions": []}, headers={"if-match": etag})
    assert stale.status_code == 412
    in_use = await send(http, "DELETE", "/roles/clerk", owner)
    assert (in_use.status_code, in_use.json()["code"]) == (409, "role.in_use")
    await send(http, "PUT", f"/users/{clerk.id}/role", owner, json={"role": "customer"})
    assert not await sees_stock()
    assert (await send(http, "DELETE", "/roles/clerk", owner)).status_code == 204
    gone = await send(http, "PUT", f"/users/{clerk.id}/role", owner, json={"role": "clerk"})
    assert (gone.status_code, gone.json()["code"]) == (404, "role.not_found")


async def test_a_limit_that_is_set_holds_the_next_refund(stand: Stand, http: httpx.AsyncClient) -> None:
    owner, support = await stand.person(Role.OWNER), await stand.person(Role.SUPPORT)
    order_id = await order(http, await stand.person())
    limited = await send(http, "PATCH", "/roles/support", owner, json={"refund_limits": {"EUR": 1000}})
    assert limited.status_code == 200, limited.text
    body = {"amount": {"amount": 1001, "currency": "EUR"}}
    refused = await send(http, "POST", f"/orders/{order_id}/refunds", support, json=body)
    told = refused.json()
    assert (refused.status_code, told["code"]) == (403, "auth.refund_limit")
    assert (told["limit"], told["currency"]) == ("1000", "EUR")
    why = await send(http, "GET", f"/users/{support.id}/access?action=refund_order&resource={order_id}", owner)
    assert why.json()["data"]["allowed"] is False
    assert why.json()["data"]["rule"] == "refund_limit"
    within = f"/users/{support.id}/access?action=refund_order&resource={order_id}&amount=1000&currency=EUR"
    assert (await send(http, "GET", within, owner)).json()["data"]["allowed"] is True
    body = {"amount": {"amount": 1000, "currency": "EUR"}}
    assert (await send(http, "POST", f"/orders/{order_id}/refunds", support, json=body)).is_success


async def test_a_manager_who_is_restricted_changes_the_other_products_no_more(
    stand: Stand, http: httpx.AsyncClient
) -> None:
    owner, manager = await stand.person(Role.OWNER), await stand.person(Role.MANAGER)
    mugs = (await send(http, "POST", "/categories", owner, json={"name": "Mugs"})).json()["data"]["id"]
    prices = {"sku": "MUG", "prices": [{"amount": 900, "currency": "EUR"}]}
    assert (await send(http, "PUT", "/prices", manager, json=prices)).is_success
    restricted = await send(http, "PUT", f"/users/{manager.id}/categories", owner, json={"category_ids": [mugs]})
    assert restricted.json()["data"]["categories"] == [mugs]
    refused = await send(http, "PUT", "/prices", manager, json=prices)
    assert (refused.status_code, refused.json()["code"]) == (403, "auth.category")


async def test_who_may_let_people_in_does_not_make_themselves_an_owner(stand: Stand, http: httpx.AsyncClient) -> None:
    owner, foreman = await stand.person(Role.OWNER), await stand.person()
    powers = ["users:read", "users:write", "roles:read", "roles:write", "orders:read"]
    await send(http, "POST", "/roles", owner, json={"name": "foreman", "permissions": powers})
    await send(http, "PUT", f"/users/{foreman.id}/role", owner, json={"role": "foreman"})
    tries = (
        ("PUT", f"/users/{foreman.id}/role", {"role": "owner"}),
        ("PUT", f"/users/{owner.id}/role", {"role": "customer"}),
        ("PATCH", f"/users/{owner.id}", {"email": "mine@example.com"}),
        ("DELETE", f"/users/{owner.id}", None),
        ("POST", f"/users/{owner.id}/suspend", None),
        ("PATCH", "/roles/foreman", {"base": "owner"}),
        ("POST", "/roles", {"name": "boss", "permissions": ["keys:write"]}),
    )
    for method, path, body in tries:
        options = {} if body is None else {"json": body}
        answer = await send(http, method, path, foreman, **options)
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.escalation"), (path, answer.text)
    helper = await stand.person()
    made = await send(http, "POST", "/roles", foreman, json={"name": "reader", "permissions": ["orders:read"]})
    assert made.status_code == 201
    assert (await send(http, "PUT", f"/users/{helper.id}/role", foreman, json={"role": "reader"})).is_success
