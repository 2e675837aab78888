"""Accounts and customers over HTTP, on the whole service."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from tests.entrypoints.http.shop import ADDRESS, PASSWORD, Stand, send

from tradepost.kernel.access import Role
from tradepost_entrypoints.http.routes import ROUTES

ACCOUNT = {"email": "ada@example.com", "name": "Ada Lovelace", "password": PASSWORD}


@pytest.fixture
def stand() -> Stand:
    return Stand.open()


@pytest.fixture
async def http(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    async with stand.client() as client:
        yield client


async def test_somebody_opens_an_account_signs_in_and_is_known(http: httpx.AsyncClient) -> None:
    opened = await send(http, "POST", "/users", json=ACCOUNT)
    assert opened.status_code == 201
    user = opened.json()["data"]
    assert (user["email"], user["role"], user["status"]) == ("ada@example.com", "customer", "active")
    assert opened.headers["location"] == f"/api/v1/users/{user['id']}"
    assert PASSWORD not in opened.text

    signed_in = await send(http, "POST", "/auth/login", json={"email": "ADA@example.com", "password": PASSWORD})
    assert signed_in.status_code == 200
    assert signed_in.headers["cache-control"] == "no-store"
    token = signed_in.json()["data"]
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 900)
    headers = {"authorization": f"bearer {token['access_token']}"}
    me = await send(http, "GET", "/users/me", headers=headers)
    assert me.json()["data"] == user
    assert me.json()["links"]["customer"] == f"/api/v1/customers/{user['customer_id']}"
    customer = await send(http, "GET", f"/customers/{user['customer_id']}", headers=headers)
    assert customer.json()["data"]["user_id"] == user["id"]


async def test_unknown_addresses_and_wrong_passwords_get_the_same_answer(http: httpx.AsyncClient) -> None:
    await send(http, "POST", "/users", json=ACCOUNT)
    answers = []
    for body in ({"email": "ada@example.com", "password": "wrong"}, {"email": "no@example.com", "password": PASSWORD}):
        answer = await send(http, "POST", "/auth/login", json=body)
        assert answer.headers["www-authenticate"] == 'Bearer realm="tradepost"'
        answers.append((answer.status_code, {**answer.json(), "request_id": ""}))
    assert answers[0] == answers[1]
    assert (answers[0][0], answers[0][1]["code"]) == (401, "auth.failed")


async def test_a_bad_token_is_refused_on_every_route_public_ones_too(stand: Stand, http: httpx.AsyncClient) -> None:
    owner, other_shop = await stand.person(Role.OWNER), Stand.open()
    grant = await stand.shop.access_tokens.verify(owner.token, datetime.now(UTC))
    expired = await stand.shop.access_tokens.issue(grant, datetime.now(UTC) - timedelta(hours=1))
    other = await other_shop.shop.access_tokens.issue(grant, datetime.now(UTC))
    for declared in ROUTES:
        if declared.probe or declared.failure is not None:  # an OAuth endpoint refuses in the words of RFC 6749
            continue
        path = declared.path.replace("{", "").replace("}", "")
        for value in ("Bearer", "Bearer nonsense", f"Bearer {expired}", f"Bearer {other}", "Basic YTpi"):
            answer = await http.request(declared.method, path, headers={"authorization": value})
            assert (answer.status_code, answer.json()["code"]) == (401, "auth.invalid"), (declared.name, value)
            assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_a_profile_is_changed_at_the_version_that_was_read(stand: Stand, http: httpx.AsyncClient) -> None:
    ada = await stand.person()
    read = await send(http, "GET", "/users/me", ada)
    changed = await send(
        http, "PATCH", "/users/me", ada, json={"name": "Ada King"}, headers={"if-match": read.headers["etag"]}
    )
    assert (changed.status_code, changed.json()["data"]["name"]) == (200, "Ada King")
    late = await send(
        http, "PATCH", "/users/me", ada, json={"name": "Late"}, headers={"if-match": read.headers["etag"]}
    )
    assert (late.status_code, late.json()["code"]) == (412, "precondition.failed")
    for body in ({"name": None}, {"role": "owner"}, {"email": "nowhere"}, {"customer_id": "cus_1"}, {"name": ""}):
        assert (await send(http, "PATCH", "/users/me", ada, json=body)).status_code == 400


async def test_credentials_take_no_idempotency_key(http: httpx.AsyncClient) -> None:
    key = {"idempotency-key": "once"}
    first = await send(http, "POST", "/users", json=ACCOUNT, headers=key)
    again = await send(http, "POST", "/users", json=ACCOUNT, headers=key)
    assert (first.status_code, again.status_code, again.json()["code"]) == (201, 409, "user.email_taken")
    login = {"email": ACCOUNT["email"], "password": PASSWORD}
    for _ in range(2):
        answer = await send(http, "POST", "/auth/login", json=login, headers=key)
        assert "idempotent-replayed" not in answer.headers


async def test_a_password_is_changed_with_the_old_one(stand: Stand, http: httpx.AsyncClient) -> None:
    ada = await stand.person()
    body = {"old_password": "wrong", "new_password": "a longer stretch of pasture"}
    wrong = await send(http, "POST", "/users/me/password", ada, json=body)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "user.password_wrong")
    changed = await send(http, "POST", "/users/me/password", ada, json={**body, "old_password": PASSWORD})
    assert (changed.status_code, changed.content) == (204, b"")
    login = {"email": ada.email, "password": body["new_password"]}
    assert (await send(http, "POST", "/auth/login", json=login)).status_code == 200


async def test_an_address_book_is_kept_and_the_contact_can_be_taken_away(stand: Stand, http: httpx.AsyncClient) -> None:
    ada = await stand.person()
    here = f"/customers/{ada.customer_id}"
    added = await send(
        http, "POST", f"{here}/addresses", ada, json={"address": ADDRESS, "label": "home", "default_shipping": True}
    )
    assert added.status_code == 201
    (address,) = added.json()["data"]["addresses"]
    assert address["address"]["country"] == "DE"
    bad = await send(http, "POST", f"{here}/addresses", ada, json={"address": {**ADDRESS, "country": "UK"}})
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (422, "/address/country")
    changed = await send(
        http,
        "PUT",
        f"{here}/addresses/{address['id']}",
        ada,
        json={"address": {**ADDRESS, "city": "Wien", "country": "AT"}},
    )
    assert changed.json()["data"]["addresses"][0]["label"] is None
    removed = await send(http, "DELETE", f"{here}/addresses/{address['id']}", ada)
    assert removed.json()["data"]["addresses"] == []
    nobody = await send(http, "PATCH", here, ada, json={"email": None, "name": None})
    assert (nobody.json()["data"]["email"], nobody.json()["data"]["name"]) == (None, None)


async def test_the_orders_of_a_user_are_their_own_and_for_staff_to_see(stand: Stand, http: httpx.AsyncClient) -> None:
    await stand.sell("MUG")
    ada, bob, support = await stand.person(), await stand.person(), await stand.person(Role.SUPPORT)
    placed = await send(
        http,
        "POST",
        "/orders",
        ada,
        json={"lines": [{"sku": "MUG", "quantity": 1}], "currency": "EUR", "payment": {"method": "manual"}},
    )
    order_id = placed.json()["data"]["id"]

    async def seen(path: str, person: object) -> list[str]:
        answer = await send(http, "GET", path, person)  # type: ignore[arg-type]
        assert answer.status_code == 200, answer.text
        return [order["id"] for order in answer.json()["data"]]

    for path in (f"/users/{ada.id}/orders", f"/customers/{ada.customer_id}/orders"):
        assert await seen(path, ada) == [order_id]
        assert await seen(path, support) == [order_id]
        assert (await send(http, "GET", path, bob)).status_code == 404
        assert await seen(f"{path}?status=canceled", ada) == []
    assert await seen("/users/me/orders", ada) == [order_id]
    assert await seen("/users/me/orders", bob) == []
    assert await seen(f"/users/{bob.id}/orders", support) == []
    assert await seen("/users/user_01m7y7tsamexgajdq8dqk7k2b9/orders", support) == []


async def test_staff_find_customers(stand: Stand, http: httpx.AsyncClient) -> None:
    support = await stand.person(Role.SUPPORT)
    body = {"email": "Grace@example.com", "name": "Grace Hopper", "external_id": "crm-1"}
    made = await send(http, "POST", "/customers", support, json=body, headers={"idempotency-key": "k"})
    again = await send(http, "POST", "/customers", support, json=body, headers={"idempotency-key": "k"})
    assert (made.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    taken = await send(http, "POST", "/customers", support, json={"external_id": "crm-1"})
    assert (taken.status_code, taken.json()["code"]) == (409, "customer.external_id_taken")
    for query in ("email=grace@EXAMPLE.com", "name=gra", "external_id=crm-1"):
        found = await send(http, "GET", f"/customers?{query}", support)
        assert [customer["id"] for customer in found.json()["data"]] == [made.json()["data"]["id"]]


async def test_the_name_of_the_shop_is_nobodys_password() -> None:
    stand = Stand.open(
        TRADEPOST_MAIL_FROM="Mabel's Tea <tea@mabel.example>", TRADEPOST_PUBLIC_URL="https://leaves.example/account"
    )
    body = {"email": "grace@example.org", "name": "Grace"}
    async with stand.client() as http:
        for password in ("MabelsTea-2026", "leaves.leaves.leaves", "Tradepost123456"):
            refused = await send(http, "POST", "/users", json={**body, "password": password})
            assert (refused.status_code, refused.json()["code"]) == (422, "user.password_breached"), password
        assert (await send(http, "POST", "/users", json={**body, "password": "a strong cup of tea"})).status_code == 201
