"""Webhooks over HTTP: signed, kept, answered; refused in every other way."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.entrypoints.http.shop import Stand, send

from tradepost.kernel.access import operator
from tradepost.kernel.money import Money
from tradepost.orders import GetOrderQuery, OrderItem, OrderStoryQuery, PaymentInput, PlaceOrderCommand
from tradepost.payments.gateway import Authorize
from tradepost_adapters.simulated_gateway import SimulatedGateway, open_gateway
from tradepost_adapters.stripe.webhooks import signature
from tradepost_entrypoints.worker.background import run_due_jobs

OLD, NEW = "whsec_" + "o" * 32, "whsec_" + "n" * 32


@pytest.fixture
def stand() -> Stand:
    return Stand.open(TRADEPOST_STRIPE_WEBHOOK_SECRETS=f"{OLD},{NEW}")


def event(event_id: str = "evt_1", **noted: str) -> bytes:
    made = {"object": "payment_intent", "id": "pi_1", "metadata": noted}
    told = {
        "id": event_id,
        "object": "event",
        "type": "payment_intent.succeeded",
        "created": 1,
        "data": {"object": made},
    }
    return json.dumps(told).encode()


async def post(stand: Stand, body: bytes, signed: str | None, path: str = "/webhooks/stripe") -> httpx.Response:
    headers = {"content-type": "application/json; charset=utf-8"}
    if signed is not None:
        headers["stripe-signature"] = signed
    async with stand.client() as http:
        return await send(http, "POST", path, content=body, headers=headers)


def signed(body: bytes, secret: str = OLD, late: timedelta = timedelta()) -> str:
    return signature(secret, body, datetime.now(UTC) - late)


async def _kept(stand: Stand, event_id: str) -> Any:
    async def work(tx: Any) -> Any:
        return await tx.webhook_events.get("stripe", event_id)

    return await stand.backend.transactions.run(work)


@pytest.mark.parametrize("secret", [OLD, NEW])
async def test_an_event_signed_with_either_secret_is_kept_as_it_came(stand: Stand, secret: str) -> None:
    body = event(operation_id="op_1")
    answer = await post(stand, body, signed(body, secret))
    assert answer.status_code == 200
    assert answer.json()["data"] == {"id": "evt_1", "duplicate": False}
    kept = await _kept(stand, "evt_1")
    assert (kept.payload, kept.operation_ids, kept.processed_at) == (body, ("op_1",), None)


async def test_a_hundred_times_the_same_is_one_event_and_one_job(stand: Stand) -> None:
    body = event()
    answers = [await post(stand, body, signed(body)) for _ in range(100)]
    assert {answer.status_code for answer in answers} == {200}
    assert [answer.json()["data"]["duplicate"] for answer in answers] == [False] + [True] * 99


@pytest.mark.parametrize(
    "changed",
    [
        lambda body: (body, None),
        lambda body: (body, "t=1,v1=00"),
        lambda body: (body, signed(body, "whsec_" + "x" * 32)),
        lambda body: (body, signed(body, late=timedelta(seconds=302))),
        lambda body: (body, signed(body, late=timedelta(seconds=-302))),
        lambda body: (json.dumps(json.loads(body), indent=1).encode(), signed(body)),
        lambda body: (body + b" ", signed(body)),
        lambda body: (b"", signed(body)),
        lambda body: (b"not json", signed(b"not json")),
    ],
    ids=["none", "bad", "unknown secret", "stale", "from the future", "written anew", "longer", "empty", "no event"],
)
async def test_anything_else_is_refused_and_leaves_nothing(stand: Stand, changed: Any) -> None:
    answer = await post(stand, *changed(event()))
    assert answer.status_code == 422
    assert answer.json()["code"] == "webhook.signature_invalid"
    async with stand.client() as http:
        assert (await send(http, "GET", "/live")).status_code == 200
    with pytest.raises(Exception, match="webhook_event"):
        await _kept(stand, "evt_1")


async def test_a_gateway_that_is_not_set_up_has_no_endpoint() -> None:
    body = event()
    for stand, path in ((Stand.open(), "/webhooks/stripe"), (Stand.open(), "/webhooks/acme")):
        answer = await post(stand, body, signed(body), path)
        assert (answer.status_code, answer.json()["code"]) == (404, "webhook_endpoint.not_found")


async def test_reports_are_not_counted_by_the_rate_limit() -> None:
    stand = Stand.open(TRADEPOST_STRIPE_WEBHOOK_SECRETS=OLD, TRADEPOST_RATE_LIMIT_ADDRESS="1/1m")
    body = event()
    assert {(await post(stand, body, signed(body))).status_code for _ in range(5)} == {200}


async def test_a_job_deals_with_what_was_kept(stand: Stand) -> None:
    """The shop's own gateway here is the simulated one, so Stripe's event must not settle its operation."""
    await stand.sell("MUG")
    command = PlaceOrderCommand(
        actor=operator(),
        lines=(OrderItem(sku="MUG", quantity=1),),
        currency="EUR",
        payment=PaymentInput(method="card", token="tok_requires_action"),
        email="ada@example.com",
    )
    placed = await stand.shop.place_order(command)
    story = await stand.shop.get_order_story(OrderStoryQuery(actor=operator(), order_id=placed.id))
    body = event(operation_id=story.payments[0].operations[0].id)
    assert (await post(stand, body, signed(body))).status_code == 200
    other = event("evt_2")
    assert (await post(stand, other, signed(other))).status_code == 200
    run_due = run_due_jobs(stand.container)
    while await run_due():
        pass
    assert (await stand.shop.get_order(GetOrderQuery(actor=operator(), order_id=placed.id))).status == "pending"
    assert (await _kept(stand, "evt_1")).processed_at is None  # waits for an operation of Stripe's
    assert (await _kept(stand, "evt_2")).outcome == "not_ours"


async def test_the_simulated_gateway_reports_as_well() -> None:
    told = open_gateway("simulated://memory?events=yes&faults=event.1:duplicated")
    assert isinstance(told, SimulatedGateway)
    await told.send(Authorize(operation_id="op_1", amount=Money(5, "EUR"), token="tok_success", capture=True))
    stand = Stand.open(TRADEPOST_SIMULATED_WEBHOOK_SECRETS=f"{OLD},{NEW}")
    duplicates, refused = [], []
    async with stand.client() as http:
        for event in await told.deliveries(NEW):
            kept = await send(http, "POST", "/webhooks/simulated", content=event.body, headers=event.headers)
            duplicates.append(kept.json()["data"]["duplicate"])
            for body, headers in ((event.body + b" ", event.headers), (event.body, {})):
                refusal = await send(http, "POST", "/webhooks/simulated", content=body, headers=headers)
                refused.append((refusal.status_code, refusal.json()["code"]))
    assert duplicates == [False, True]
    assert refused == [(422, "webhook.signature_invalid")] * 4
