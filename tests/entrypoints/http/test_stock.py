"""Stock over HTTP, on the whole service."""

from collections.abc import AsyncIterator

import httpx
import pytest
from tests.entrypoints.http.shop import Person, Stand, send

from tradepost.kernel.access import Role

RECEIVED = {"reason": "received", "lines": [{"sku": "MUG", "quantity": 48}], "reference": "delivery 2026/117"}


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


async def test_what_was_adjusted_is_answered_and_found_where_the_answer_says(
    http: httpx.AsyncClient, manager: Person
) -> None:
    answer = await send(http, "POST", "/stock/adjustments", manager, json=RECEIVED)
    assert answer.status_code == 201
    said = answer.json()["data"]
    level = {"sku": "MUG", "location": "main", "on_hand": 48, "reserved": 0, "available": 48, "low_at": None}
    assert said["levels"] == [level]
    assert (said["reference"], said["opened"]) == ("delivery 2026/117", ["MUG"])
    movements = (await send(http, "GET", answer.headers["location"], manager)).json()
    assert [(each["sku"], each["on_hand"], each["reason"], each["actor"]) for each in movements["data"]] == [
        ("MUG", 48, "received", manager.id)
    ]
    assert (await send(http, "GET", "/stock/levels?sku=MUG", manager)).json()["data"] == [level]


async def test_the_same_key_adjusts_once(http: httpx.AsyncClient, manager: Person) -> None:
    answers = [
        await send(
            http, "POST", "/stock/adjustments", manager, json=RECEIVED, headers={"Idempotency-Key": "delivery-117"}
        )
        for _ in range(2)
    ]
    assert answers[0].json()["data"] == answers[1].json()["data"]
    assert answers[1].headers["idempotent-replayed"] == "true"
    assert (await send(http, "GET", "/stock/levels", manager)).json()["data"][0]["on_hand"] == 48


async def test_all_that_falls_short_is_named_with_its_line(
    http: httpx.AsyncClient, stand: Stand, manager: Person
) -> None:
    await stand.sell("MUG", stock=5)
    order = {"lines": [{"sku": "MUG", "quantity": 4}], "currency": "EUR", "payment": {"method": "manual"}}
    assert (await send(http, "POST", "/orders", json=order)).status_code == 201
    count = {"reason": "counted", "lines": [{"sku": "CUP", "quantity": 1}, {"sku": "MUG", "quantity": 3}]}
    answer = await send(http, "POST", "/stock/adjustments", manager, json=count)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "stock.insufficient")
    assert [fault["pointer"] for fault in problem["errors"]] == ["/lines/1/quantity"]
    assert problem["lines"] == [{"sku": "MUG", "location": "main", "requested": 2, "available": 1}]
    assert (await send(http, "GET", "/stock/levels?sku=CUP", manager)).json()["data"] == []


@pytest.mark.parametrize(
    ("body", "status", "code", "pointers"),
    [
        ({"reason": "found", "lines": []}, 400, "request.invalid", ["/reason", "/lines"]),
        ({"reason": "received", "lines": [{"sku": "A", "quantity": "1"}]}, 400, "request.invalid", None),
        ({"reason": "received", "lines": [{"sku": "A", "quantity": 1, "x": 1}]}, 400, "request.invalid", None),
        ({"reason": "received", "lines": [{"sku": "A", "quantity": 0}]}, 422, "stock.adjustment_invalid", None),
        ({"reason": "damaged", "lines": [{"sku": "A", "quantity": 1}]}, 422, "stock.not_stocked", ["/lines/0/sku"]),
        (RECEIVED | {"location": "nowhere"}, 404, "location.not_found", []),
    ],
)
async def test_a_wrong_adjustment_is_a_problem(
    http: httpx.AsyncClient, manager: Person, body: object, status: int, code: str, pointers: list[str] | None
) -> None:
    answer = await send(http, "POST", "/stock/adjustments", manager, json=body)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    if pointers is not None:
        assert [fault["pointer"] for fault in problem.get("errors", [])] == pointers


async def test_goods_move_to_a_new_location(http: httpx.AsyncClient, manager: Person) -> None:
    await send(http, "POST", "/stock/adjustments", manager, json=RECEIVED)
    made = await send(http, "POST", "/stock/locations", manager, json={"code": "berlin", "name": "Berlin"})
    assert (made.status_code, made.json()["data"]) == (201, {"code": "berlin", "name": "Berlin"})
    assert (await send(http, "GET", made.headers["location"], manager)).json()["data"] == []
    move = {"source": "main", "destination": "berlin", "lines": [{"sku": "MUG", "quantity": 8}]}
    moved = await send(http, "POST", "/stock/transfers", manager, json=move)
    assert moved.status_code == 201
    assert [(each["location"], each["on_hand"]) for each in moved.json()["data"]["levels"]] == [
        ("main", 40),
        ("berlin", 8),
    ]
    answer = await send(http, "GET", "/stock/availability?sku=MUG&sku=NONE", manager)
    assert [(each["sku"], each["sellable"], each["available"]) for each in answer.json()["data"]["skus"]] == [
        ("MUG", 40, 48),
        ("NONE", 0, 0),
    ]
    again = await send(http, "POST", "/stock/locations", manager, json={"code": "berlin", "name": "Berlin"})
    assert (again.status_code, again.json()["code"]) == (409, "location.code_taken")
    listed = (await send(http, "GET", "/stock/locations?page=1", manager)).json()
    assert [each["code"] for each in listed["data"]] == ["berlin", "main"]
    assert listed["pagination"]["total"] == 2


async def test_what_runs_low_is_listed_scarcest_first(http: httpx.AsyncClient, manager: Person) -> None:
    lines = [{"sku": sku, "quantity": quantity} for sku, quantity in (("A/1", 5), ("B", 2), ("C", 9))]
    await send(http, "POST", "/stock/adjustments", manager, json={"reason": "received", "lines": lines})
    for sku, low_at in (("A/1", 6), ("B", 2), ("C", 8)):
        answer = await send(http, "PUT", "/stock/thresholds", manager, json={"sku": sku, "low_at": low_at})
        assert answer.status_code == 200
        (found,) = (await send(http, "GET", answer.json()["links"]["self"], manager)).json()["data"]
        assert (found["sku"], found["low_at"]) == (sku, low_at)
    low = await send(http, "GET", "/stock/levels?low=true&sort=available&limit=1", manager)
    rest = await send(http, "GET", low.json()["links"]["next"], manager)
    assert [each["sku"] for page in (low, rest) for each in page.json()["data"]] == ["B", "A/1"]
    wrong = await send(http, "PUT", "/stock/thresholds", manager, json={"sku": "B", "low_at": -1})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "stock.threshold_invalid")


async def test_movements_are_found_by_order(http: httpx.AsyncClient, stand: Stand, manager: Person) -> None:
    await stand.sell("MUG", stock=5)
    order = {"lines": [{"sku": "MUG", "quantity": 4}], "currency": "EUR", "payment": {"method": "manual"}}
    order_id = (await send(http, "POST", "/orders", json=order)).json()["data"]["id"]
    await send(http, "POST", f"/orders/{order_id}/cancel", manager, json={})
    listed = (await send(http, "GET", f"/stock/movements?reference={order_id}&sort=id", manager)).json()["data"]
    assert [(each["reason"], each["reserved"]) for each in listed] == [("reserved", 4), ("released", -4)]
    none = await send(http, "GET", "/stock/movements?reason=damaged&at_from=2026-01-01T00:00:00Z", manager)
    assert none.json()["data"] == []
    wrong = await send(http, "GET", "/stock/movements?reason=stolen&at_from=today", manager)
    assert (wrong.status_code, len(wrong.json()["errors"])) == (400, 2)
