"""Paying, capturing and refunding in parts, store credit and disputes over HTTP, on the whole service."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.entrypoints.http.scenes import Scene
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


def euros(cents: int) -> dict[str, Any]:
    return {"amount": cents, "currency": "EUR"}


async def bought(
    http: httpx.AsyncClient, by: Person, quantity: int = 1, *, headers: dict[str, str] | None = None, **payment: Any
) -> httpx.Response:
    body = {"lines": [{"sku": "MUG", "quantity": quantity}], "currency": "EUR", "payment": payment}
    return await send(http, "POST", "/orders", by, json=body, headers=headers or {})


async def credited(stand: Stand, http: httpx.AsyncClient, cents: int) -> tuple[Person, Person]:
    """A customer with so much store credit, and a manager."""
    ada, manager = await stand.person(), await stand.person(Role.MANAGER)
    body = {"amount": euros(cents), "reason": "Sorry"}
    given = await send(http, "POST", f"/customers/{ada.customer_id}/wallet/credits", manager, json=body)
    assert given.status_code == 201
    return ada, manager


async def history(http: httpx.AsyncClient, who: Person, order_id: str) -> Any:
    return (await send(http, "GET", f"/orders/{order_id}/history", who)).json()["data"]


async def test_store_credit_and_a_card_pay_together_and_are_refunded_apart(
    stand: Stand, http: httpx.AsyncClient
) -> None:
    ada, manager = await credited(stand, http, 700)
    answer = await bought(http, ada, 2, method="card", token="tok_success", store_credit=700)
    assert answer.status_code == 201
    view = answer.json()["data"]
    assert (view["payment_status"], view["captured"]) == ("paid", euros(2000))
    wallet, card = (await history(http, ada, view["id"]))["payments"]
    assert (wallet["method"], wallet["refundable"], wallet["held"], wallet["disputed"]) == (
        "store_credit", euros(700), euros(0), euros(0),
    )  # fmt: skip
    refunds = f"/orders/{view['id']}/refunds"
    which = await send(http, "POST", refunds, manager, json={"amount": euros(100)})
    assert (which.status_code, which.json()["code"]) == (409, "order.several_payments")
    assert which.json()["payments"] == {wallet["id"]: 700, card["id"]: 1300}
    body = {"amount": euros(100), "payment_id": card["id"], "store_credit": True}
    given = await send(http, "POST", refunds, manager, json=body)
    assert given.status_code == 201
    assert (given.json()["data"]["store_credit"], given.json()["data"]["tax"]) == (True, euros(0))
    balances = (await send(http, "GET", f"/customers/{ada.customer_id}/wallet", ada)).json()["data"]["balances"]
    assert balances == [euros(100)]


async def test_store_credit_that_does_not_suffice_is_a_conflict_also_when_asked_again(
    stand: Stand, http: httpx.AsyncClient
) -> None:
    ada, _ = await credited(stand, http, 999)
    headers = {"idempotency-key": "3f0b6c1e-8f6a-4f0e-9f0e-2f3b1d6c7a11"}
    told = [await bought(http, ada, method="store_credit", headers=headers) for _ in range(2)]
    for answer in told:
        assert (answer.status_code, answer.json()["code"]) == (409, "wallet.insufficient_funds")
        assert "The store credit does not cover this" in answer.json()["detail"]
        assert "wallet:" not in answer.text, "accounts of the ledger are nobody's business"


@pytest.mark.parametrize(
    "payment",
    [{"method": "store_credit"}, {"method": "card", "token": "tok_success", "store_credit": 1}],
)
async def test_a_guest_has_no_store_credit(http: httpx.AsyncClient, payment: dict[str, Any]) -> None:
    body = {"lines": [{"sku": "MUG", "quantity": 1}], "currency": "EUR", "payment": payment}
    answer = await http.post("/api/v1/orders", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "order.invalid")
    assert answer.json()["errors"][0]["pointer"] == "/payment/store_credit"


@pytest.mark.parametrize(
    ("store_credit", "status"), [(-1, 422), (1001, 422), (2**63 - 1, 422), (2**63, 400), (1.5, 400), ("1", 400)]
)
async def test_an_amount_of_store_credit_that_can_not_be_is_refused(
    stand: Stand, http: httpx.AsyncClient, store_credit: Any, status: int
) -> None:
    ada, _ = await credited(stand, http, 700)
    answer = await bought(http, ada, method="card", token="tok_success", store_credit=store_credit)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (status, "/payment/store_credit")


async def test_an_order_is_paid_part_by_part(stand: Stand, http: httpx.AsyncClient) -> None:
    ada = await stand.person()
    order_id = (await bought(http, ada, method="card", token="tok_declined")).json()["order_id"]
    for amount, status in ((400, "pending"), (None, "placed")):
        body = {"token": "tok_success", **({} if amount is None else {"amount": euros(amount)})}
        paid = await send(http, "POST", f"/orders/{order_id}/pay", ada, json=body)
        assert (paid.status_code, paid.json()["data"]["status"]) == (200, status)


async def test_a_payment_is_captured_part_by_part_and_the_last_lets_go(stand: Stand, http: httpx.AsyncClient) -> None:
    ada, manager = await stand.person(), await stand.person(Role.MANAGER)
    order_id = (await bought(http, ada, method="card", token="tok_success", capture=False)).json()["data"]["id"]
    (payment,) = (await history(http, ada, order_id))["payments"]
    for body, left in (
        ({"amount": euros(300)}, 700),
        ({"amount": euros(200), "final": True, "payment_id": payment["id"]}, 0),
    ):
        captured = await send(http, "POST", f"/orders/{order_id}/capture", manager, json=body)
        assert captured.status_code == 200
        (payment,) = (await history(http, ada, order_id))["payments"]
        assert payment["held"] == euros(left)
    over = await send(http, "POST", f"/orders/{order_id}/capture", manager, json={"amount": euros(1)})
    assert (over.status_code, over.json()["code"]) == (409, "payment.over_capture")


async def test_disputes_are_listed_with_the_most_urgent_first_and_are_in_their_orders_history(
    stand: Stand, http: httpx.AsyncClient
) -> None:
    staff = await stand.person(Role.MANAGER)
    ada = await stand.person()
    here = await Scene(stand, http, staff=staff, theirs=ada).dispute()
    shown = (await send(http, "GET", here, staff)).json()
    assert shown["links"]["order"] == f"/api/v1/orders/{shown['data']['order_id']}"
    assert (shown["data"]["withdrawn"], shown["data"]["status"]) == (euros(1000), "needs_response")
    (payment,) = (await history(http, ada, shown["data"]["order_id"]))["payments"]
    assert (payment["disputed"], payment["refundable"]) == (euros(1000), euros(0))
    for query, found in (
        ("status=needs_response&sort=respond_by", 1),
        (f"order_id={shown['data']['order_id']}&gateway=simulated", 1),
        ("status=won", 0),
        ("gateway=stripe", 0),
    ):
        listed = await send(http, "GET", f"/disputes?{query}", staff)
        assert (listed.status_code, len(listed.json()["data"])) == (200, found)
    for query, status in (("status=lose", 400), ("sort=amount", 422), ("cursor=x", 422)):
        assert (await send(http, "GET", f"/disputes?{query}", staff)).status_code == status
    gone = await send(http, "GET", "/disputes/dp_01m7y7tsamexgajdq8dqk7k2b9", staff)
    assert (gone.status_code, gone.json()["code"]) == (404, "dispute.not_found")
