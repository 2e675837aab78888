"""Webhooks out, over HTTP: endpoints, what is sent to them, and sending it again."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook
from tests.entrypoints.http.shop import Person, Stand, send

from tradepost.kernel.access import Role
from tradepost.webhooks.ports import SendFailed
from tradepost_adapters.memory.webhook_sender import SentWebhook, answered
from tradepost_entrypoints.worker.background import tell_and_work

URL = "https://erp.example/tradepost"


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


async def made(http: httpx.AsyncClient, manager: Person, *events: str, **given: Any) -> dict[str, Any]:
    body = {"url": URL, "events": list(events or ["*"]), **given}
    answer = await send(http, "POST", "/webhook-endpoints", manager, json=body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["location"] == f"/api/v1/webhook-endpoints/{answer.json()['data']['endpoint']['id']}"
    issued: dict[str, Any] = answer.json()["data"]
    return issued


async def something_happens(stand: Stand, http: httpx.AsyncClient) -> str:
    """An order is placed, and everything that waits is done; the order's id."""
    await stand.sell("MUG")
    order = {"lines": [{"sku": "MUG", "quantity": 1}], "currency": "EUR", "payment": {"method": "manual"}}
    placed = await http.post("/api/v1/orders", json=order)
    assert placed.status_code == 201, placed.text
    await tell_and_work(stand.container)
    return str(placed.json()["data"]["id"])


def verified(sent: SentWebhook, *secrets: str) -> Any:
    """What the reference library makes of it, with each of the secrets."""
    (content,) = [Webhook(secret).verify(sent.body, dict(sent.headers)) for secret in secrets][:1]
    for secret in secrets:
        assert Webhook(secret).verify(sent.body, dict(sent.headers)) == content
    return content


async def test_an_event_is_told_to_who_asked_for_it_and_verified_by_their_library(
    stand: Stand, http: httpx.AsyncClient, manager: Person
) -> None:
    issued = await made(http, manager, "tradepost.order.placed.v1")
    await made(http, manager, "tradepost.product.*", url="https://others.example/")
    order_id = await something_happens(stand, http)
    (sent,) = stand.webhook_sender.sent
    assert sent.url == URL
    event = verified(sent, issued["secret"])
    assert (event["type"], event["subject"]) == ("tradepost.order.placed.v1", order_id)
    assert event["id"] == sent.headers["webhook-id"]
    listed = await send(http, "GET", f"/webhook-endpoints/{issued['endpoint']['id']}/deliveries", manager)
    (delivery,) = listed.json()["data"]
    assert (delivery["state"], delivery["attempts"], delivery["last_status"]) == ("succeeded", 1, 200)
    shown = await send(http, "GET", f"/webhook-deliveries/{delivery['id']}", manager)
    data = shown.json()["data"]
    assert data["body"] == event
    assert [attempt["status"] for attempt in data["attempts"]] == [200]
    assert "webhook-signature" not in data["attempts"][0]["request_headers"]
    assert issued["secret"] not in shown.text


async def test_a_secret_is_shown_once_and_both_sign_while_one_is_replaced(
    stand: Stand, http: httpx.AsyncClient, manager: Person
) -> None:
    issued = await made(http, manager, "tradepost.order.placed.v1")
    path = f"/webhook-endpoints/{issued['endpoint']['id']}"
    renewed = await send(http, "POST", f"{path}/rotate-secret", manager)
    assert renewed.headers["cache-control"] == "no-store"
    second = renewed.json()["data"]["secret"]
    assert second != issued["secret"]
    await something_happens(stand, http)
    verified(stand.webhook_sender.sent[-1], issued["secret"], second)
    third = (await send(http, "POST", f"{path}/rotate-secret", manager, json={"overlap_seconds": 0})).json()["data"]
    await send(http, "POST", f"{path}/test", manager)
    verified(stand.webhook_sender.sent[-1], third["secret"])
    with pytest.raises(Exception, match="No matching signature"):
        verified(stand.webhook_sender.sent[-1], second)
    for answer in (await send(http, "GET", path, manager), await send(http, "GET", "/webhook-endpoints", manager)):
        assert not any(secret in answer.text for secret in (issued["secret"], second, third["secret"]))
    too_long = await send(http, "POST", f"{path}/rotate-secret", manager, json={"overlap_seconds": 10**7})
    assert too_long.status_code == 400


async def test_a_change_names_the_version_it_is_about(http: httpx.AsyncClient, manager: Person) -> None:
    path = f"/webhook-endpoints/{(await made(http, manager))['endpoint']['id']}"
    shown = await send(http, "GET", path, manager)
    etag = shown.headers["etag"]
    unchanged = await send(http, "GET", path, manager, headers={"if-none-match": etag})
    assert unchanged.status_code == 304
    body = {"events": ["tradepost.order.*"], "owner_email": "erp@example.com", "metadata": {"team": "erp"}}
    changed = await send(http, "PATCH", path, manager, json=body, headers={"if-match": etag})
    assert {name: changed.json()["data"][name] for name in body} == body
    for method, rest, given in (
        ("PATCH", "", {"json": {"description": "x"}}),
        ("POST", "/pause", {}),
        ("POST", "/resume", {}),
        ("POST", "/rotate-secret", {}),
        ("DELETE", "", {}),
    ):
        stale = await send(http, method, path + rest, manager, headers={"if-match": etag}, **given)
        assert (stale.status_code, stale.json()["code"]) == (412, "precondition.failed"), (method, rest)
    cleared = await send(http, "PATCH", path, manager, json={"owner_email": None})
    assert cleared.json()["data"]["owner_email"] is None
    gone = await send(http, "DELETE", path, manager, headers={"if-match": cleared.headers["etag"]})
    assert gone.status_code == 204
    assert (await send(http, "GET", path, manager)).json()["code"] == "webhook_endpoint.not_found"


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"url": "ftp://erp.example/"}, "/url"),
        ({"url": "https://user:pass@erp.example/"}, "/url"),
        ({"events": ["tradepost.nothing.*"]}, "/events/0"),
        ({"events": ["*", "Order Placed"]}, "/events/1"),
        ({"description": "a\u0007b"}, "/description"),
        ({"metadata": {"k" * 99: "v"}}, "/metadata"),
    ],
    ids=["scheme", "user", "no-such-event", "no-event", "bell", "metadata"],
)
async def test_what_makes_no_sense_is_refused_with_where_it_is(
    http: httpx.AsyncClient, manager: Person, given: dict[str, Any], pointer: str
) -> None:
    body = {"url": URL, "events": ["*"], **given}
    answer = await send(http, "POST", "/webhook-endpoints", manager, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "webhook_endpoint.invalid"), answer.text
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)


async def test_a_paused_endpoint_is_told_later_what_happened_meanwhile(
    stand: Stand, http: httpx.AsyncClient, manager: Person
) -> None:
    path = f"/webhook-endpoints/{(await made(http, manager, 'tradepost.order.placed.v1'))['endpoint']['id']}"
    for _ in range(2):
        paused = await send(http, "POST", f"{path}/pause", manager)
        assert (paused.json()["data"]["state"], paused.json()["data"]["reason"]) == ("paused", "by_hand")
    await something_happens(stand, http)
    assert stand.webhook_sender.sent == []
    held = await send(http, "GET", f"{path}/deliveries?state=held", manager)
    assert len(held.json()["data"]) == 1
    listed = await send(http, "GET", "/webhook-endpoints?state=paused", manager)
    assert len(listed.json()["data"]) == 1
    resumed = await send(http, "POST", f"{path}/resume", manager)
    assert (resumed.json()["data"]["state"], resumed.json()["data"]["reason"]) == ("enabled", None)
    await tell_and_work(stand.container)
    assert len(stand.webhook_sender.sent) == 1


async def test_a_test_tells_what_came_back_or_why_nothing_did(
    stand: Stand, http: httpx.AsyncClient, manager: Person
) -> None:
    issued = await made(http, manager)
    path = f"/webhook-endpoints/{issued['endpoint']['id']}/test"
    stand.webhook_sender.answers = [
        answered(503, {"retry-after": "7", "content-type": "text/plain"}, "closed for lunch"),
        SendFailed("webhook.blocked_address", "The host leads to an address that nothing is sent to."),
    ]
    closed = (await send(http, "POST", path, manager)).json()
    assert closed["links"]["self"] == f"/api/v1/webhook-deliveries/{closed['data']['delivery']['id']}"
    (attempt,) = closed["data"]["attempts"]
    assert (attempt["status"], attempt["response_body"]) == (503, "closed for lunch")
    assert attempt["response_headers"] == {"retry-after": "7", "content-type": "text/plain"}
    blocked = (await send(http, "POST", path, manager)).json()["data"]
    assert blocked["delivery"]["state"] == "failed"
    assert blocked["attempts"][0]["error"] == "webhook.blocked_address"
    assert verified(stand.webhook_sender.sent[0], issued["secret"])["type"] == "tradepost.webhook_endpoint.test.v1"


async def test_what_failed_is_sent_again_one_by_one_or_all(
    stand: Stand, http: httpx.AsyncClient, manager: Person
) -> None:
    issued = await made(http, manager, "tradepost.order.*")
    path = f"/webhook-endpoints/{issued['endpoint']['id']}"
    stand.webhook_sender.answers = [answered(500), answered(500)]
    ids = [(await send(http, "POST", f"{path}/test", manager)).json()["data"]["delivery"]["id"] for _ in range(2)]
    again = await send(http, "POST", f"/webhook-deliveries/{ids[0]}/redeliver", manager)
    assert (again.status_code, again.json()["data"]["state"]) == (200, "pending")
    assert again.json()["links"]["endpoint"] == f"/api/v1{path}"
    rest = await send(http, "POST", f"{path}/redeliver-failed", manager, json={"since": "2020-01-01T00:00:00Z"})
    assert rest.json()["data"] == {"count": 1, "more": False}
    await tell_and_work(stand.container)
    first, second, third, fourth = stand.webhook_sender.sent
    assert {third.body, fourth.body} == {first.body, second.body}
    done = await send(http, "GET", f"{path}/deliveries?state=succeeded", manager)
    assert {delivery["id"] for delivery in done.json()["data"]} == set(ids)
    await send(http, "DELETE", path, manager)
    nobody = await send(http, "POST", f"/webhook-deliveries/{ids[0]}/redeliver", manager)
    assert (nobody.status_code, nobody.json()["code"]) == (409, "webhook_delivery.endpoint_deleted")
    assert (await send(http, "GET", f"/webhook-deliveries/{ids[0]}", manager)).status_code == 200


async def test_ids_of_another_kind_are_refused_and_unknown_ones_not_found(
    http: httpx.AsyncClient, manager: Person
) -> None:
    unknown = "01m7y7tsamexgajdq8dqk7k2b9"
    for path, code in (
        (f"/webhook-endpoints/we_{unknown}", "webhook_endpoint.not_found"),
        (f"/webhook-deliveries/whd_{unknown}", "webhook_delivery.not_found"),
    ):
        answer = await send(http, "GET", path, manager)
        assert (answer.status_code, answer.json()["code"]) == (404, code)
    for path in (f"/webhook-endpoints/whd_{unknown}", f"/webhook-deliveries/we_{unknown}", "/webhook-endpoints/1"):
        assert (await send(http, "GET", path, manager)).status_code == 400
