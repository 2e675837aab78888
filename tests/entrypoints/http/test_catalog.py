"""Products and categories over HTTP, on the whole service."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.entrypoints.http.shop import Person, Stand, send

from tradepost.kernel.access import Role

MUG: dict[str, Any] = {
    "title": "Blauer Becher",
    "status": "active",
    "options": [{"name": "Size", "values": ["S", "L"]}],
    "variants": [
        {"sku": "MUG-S", "options": {"Size": "S"}, "prices": [{"amount": 1290, "currency": "EUR"}]},
        {"sku": "MUG-L", "options": {"Size": "L"}, "prices": [{"amount": 1590, "currency": "EUR"}]},
    ],
    "metadata": {"color": "blue"},
}


@pytest.fixture
def stand() -> Stand:
    return Stand.open()


@pytest.fixture
async def http(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    async with stand.client() as client:
        yield client


@pytest.fixture
async def manager(stand: Stand) -> Person:
    return await stand.person(Role.MANAGER)


async def slugs(http: httpx.AsyncClient, query: str = "", person: Person | None = None) -> list[str]:
    answer = await send(http, "GET", f"/products{query}", person)
    assert answer.status_code == 200, answer.text
    return [product["slug"] for product in answer.json()["data"]]


async def test_a_product_is_made_once_for_a_key_and_seen_by_everybody(http: httpx.AsyncClient, manager: Person) -> None:
    headers = {"idempotency-key": "k1"}
    made = await send(http, "POST", "/products", manager, json=MUG, headers=headers)
    assert made.status_code == 201
    product = made.json()["data"]
    assert made.headers["location"] == f"/api/v1/products/{product['id']}"
    assert [variant["available"] for variant in product["variants"]] == [0, 0]
    again = await send(http, "POST", "/products", manager, json=MUG, headers=headers)
    assert (again.status_code, again.json()["data"]["id"]) == (201, product["id"])
    assert again.headers["idempotent-replayed"] == "true"
    for name in (product["id"], "blauer-becher"):
        seen = await send(http, "GET", f"/products/{name}")
        assert seen.json()["data"] == product
        assert seen.json()["links"]["self"] == f"/api/v1/products/{product['id']}"
    etag = seen.headers["etag"]
    unchanged = await send(http, "GET", "/products/blauer-becher", headers={"if-none-match": etag})
    assert unchanged.status_code == 304


async def test_products_are_searched_filtered_sorted_and_paged(
    http: httpx.AsyncClient, stand: Stand, manager: Person
) -> None:
    await send(http, "POST", "/products", manager, json=MUG)
    await stand.sell("CUP", price=500, stock=3)
    await send(http, "POST", "/products", manager, json={"title": "Draft"})
    assert await slugs(http, "?sort=title") == ["blauer-becher", "cup"]
    assert await slugs(http, "?sort=title", manager) == ["blauer-becher", "draft", "cup"]
    assert await slugs(http, "?status=draft", manager) == ["draft"]
    assert await slugs(http, "?q=BLAUER+BECH") == ["blauer-becher"]
    assert await slugs(http, "?q=%3F%21") == []
    assert await slugs(http, "?currency=EUR&sort=-price") == ["blauer-becher", "cup"]
    assert await slugs(http, "?currency=EUR&price_max=500") == ["cup"]
    assert await slugs(http, "?in_stock=true") == ["cup"]
    assert await slugs(http, "?option=Size:L") == ["blauer-becher"]
    assert await slugs(http, "?option=Size:XL") == []
    first = await send(http, "GET", "/products?limit=1&sort=title&fields=slug,variants")
    assert [set(product) for product in first.json()["data"]] == [{"slug", "variants"}]
    assert first.json()["pagination"]["has_more"]
    second = await send(http, "GET", first.json()["links"]["next"])
    assert [product["slug"] for product in second.json()["data"]] == ["cup"]
    numbered = await send(http, "GET", "/products?page=1&limit=1")
    assert numbered.json()["pagination"]["total"] == 2


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?sort=price", 422, "product.currency_required"),
        ("?price_min=5", 422, "product.currency_required"),
        ("?price_min=-1&currency=EUR", 400, "request.invalid"),
        ("?currency=XXX", 422, "currency.unknown"),
        ("?currency=euro", 400, "request.invalid"),
        ("?option=Size", 422, "product.option_invalid"),
        ("?option=Size:S&option=Size:M", 422, "product.option_invalid"),
        ("?sort=color", 422, "page.invalid"),
        ("?status=gone", 400, "request.invalid"),
        ("?status=draft", 401, "auth.required"),
        ("?category=No+Slug", 400, "request.invalid"),
        ("?cursor=bm9wZQ", 422, "page.invalid"),
        ("?q=" + "a" * 201, 400, "request.invalid"),
        ("?q=%00", 400, "request.invalid"),
    ],
)
async def test_questions_that_can_not_be_answered_say_why(
    http: httpx.AsyncClient, query: str, status: int, code: str
) -> None:
    answer = await send(http, "GET", f"/products{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_product_is_changed_at_the_version_that_was_read(http: httpx.AsyncClient, manager: Person) -> None:
    made = await send(http, "POST", "/products", manager, json=MUG)
    path = f"/products/{made.json()['data']['id']}"
    match = {"if-match": made.headers["etag"]}
    changed = await send(http, "PATCH", path, manager, json={"title": "Cup", "external_id": "x"}, headers=match)
    assert (changed.status_code, changed.json()["data"]["title"]) == (200, "Cup")
    assert changed.json()["data"]["variants"] == made.json()["data"]["variants"]
    late = await send(http, "PATCH", path, manager, json={"title": "Late"}, headers=match)
    assert (late.status_code, late.json()["code"]) == (412, "precondition.failed")
    cleared = await send(http, "PATCH", path, manager, json={"external_id": None})
    assert cleared.json()["data"]["external_id"] is None
    assert (await send(http, "GET", path)).json()["data"]["title"] == "Cup"

    prices = {"sku": "MUG-S", "prices": [{"amount": 990, "currency": "USD"}]}
    priced = await send(http, "PUT", "/prices", manager, json=prices)
    assert priced.json()["data"]["variants"][0]["prices"] == prices["prices"]
    wrong = await send(http, "PUT", "/prices", manager, json={**prices, "prices": prices["prices"] * 2})
    assert [error["pointer"] for error in wrong.json()["errors"]] == ["/prices/1/currency"]
    withdrawn = await send(http, "PUT", f"{path}/status", manager, json={"status": "draft"})
    assert withdrawn.json()["data"]["status"] == "draft"
    assert (await send(http, "GET", path)).status_code == 404


async def test_every_fault_of_a_product_is_pointed_at(http: httpx.AsyncClient, manager: Person) -> None:
    malformed = {"title": "", "variants": [{"sku": 5, "prices": [{"amount": "1", "currency": "EUR", "x": 1}]}], "y": 1}
    answer = await send(http, "POST", "/products", manager, json=malformed)
    assert answer.status_code == 400
    assert {error["pointer"] for error in answer.json()["errors"]} == {
        "/title",
        "/variants/0/sku",
        "/variants/0/prices/0/amount",
        "/variants/0/prices/0/x",
        "/y",
    }
    refused = await send(
        http, "POST", "/products", manager, json={**MUG, "options": [], "images": [{"url": "javascript:1"}]}
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "product.invalid")
    assert {error["pointer"] for error in refused.json()["errors"]} == {
        "/variants/0/options",
        "/variants/1/options",
        "/images/0/url",
    }
    await send(http, "POST", "/products", manager, json=MUG)
    taken = await send(http, "POST", "/products", manager, json=MUG)
    assert (taken.status_code, taken.json()["code"]) == (409, "product.slug_taken")
    unpriced = await send(http, "POST", "/products", manager, json={"title": "Cup", "status": "active"})
    assert (unpriced.status_code, unpriced.json()["code"]) == (409, "product.not_sellable")


async def test_the_catalog_is_changed_by_staff_alone(http: httpx.AsyncClient, stand: Stand) -> None:
    prod, cat = stand.ids.new("prod"), stand.ids.new("cat")
    changes = [
        ("POST", "/products", MUG),
        ("PATCH", f"/products/{prod}", {}),
        ("PUT", f"/products/{prod}/status", {"status": "draft"}),
        ("PUT", "/prices", {"sku": "A", "prices": []}),
        ("POST", "/categories", {"name": "Mugs"}),
        ("PATCH", f"/categories/{cat}", {}),
        ("DELETE", f"/categories/{cat}", None),
    ]
    people = [(None, 401), (await stand.person(), 403), (await stand.person(Role.SUPPORT), 403)]
    for method, path, body in changes:
        for person, status in people:
            answer = await send(http, method, path, person, **({} if body is None else {"json": body}))
            assert answer.status_code == status, (method, path)


async def test_categories_are_made_moved_and_deleted(http: httpx.AsyncClient, manager: Person) -> None:
    made = await send(http, "POST", "/categories", manager, json={"name": "Mugs & Cups", "position": 2})
    assert (made.status_code, made.json()["data"]["slug"]) == (201, "mugs-cups")
    top = made.json()["data"]
    below = (await send(http, "POST", "/categories", manager, json={"name": "Big", "parent_id": top["id"]})).json()[
        "data"
    ]
    await send(http, "POST", "/products", manager, json={**MUG, "category_ids": [below["id"]]})
    assert await slugs(http, "?category=mugs-cups") == ["blauer-becher"]
    listed = await send(http, "GET", f"/categories?parent_id={top['id']}")
    assert [category["slug"] for category in listed.json()["data"]] == ["big"]
    assert (await send(http, "GET", "/categories/big")).json()["data"] == below

    path = f"/categories/{top['id']}"
    cycle = await send(http, "PATCH", path, manager, json={"parent_id": below["id"]})
    assert (cycle.status_code, cycle.json()["code"]) == (409, "category.cycle")
    moved = await send(http, "PATCH", f"/categories/{below['id']}", manager, json={"parent_id": None})
    assert moved.json()["data"]["parent_id"] is None
    assert await slugs(http, "?category=mugs-cups") == []
    full = await send(http, "DELETE", f"/categories/{below['id']}", manager)
    assert (full.status_code, full.json()["code"]) == (409, "category.not_empty")
    late = await send(http, "DELETE", path, manager, headers={"if-match": '"7"'})
    assert late.status_code == 412
    assert (await send(http, "DELETE", path, manager)).status_code == 204
    assert (await send(http, "GET", path)).status_code == 404
