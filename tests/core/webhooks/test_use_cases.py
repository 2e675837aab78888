"""Endpoints and their log, as those who run the shop use them."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tests.core.webhooks.station import ACTOR, URL, Station

from tradepost.kernel.errors import Conflict, Invalid, NotFound, PreconditionFailed
from tradepost.shop import Shop
from tradepost.webhooks.create_webhook_endpoint import CreateWebhookEndpointCommand
from tradepost.webhooks.delete_webhook_endpoint import DeleteWebhookEndpointCommand
from tradepost.webhooks.delivery import DeliveryState
from tradepost.webhooks.endpoint import MOST_ENDPOINTS, EndpointState
from tradepost.webhooks.get_webhook_endpoint import GetWebhookEndpointQuery
from tradepost.webhooks.list_webhook_endpoints import ListWebhookEndpointsQuery
from tradepost.webhooks.pause_webhook_endpoint import PauseWebhookEndpointCommand
from tradepost.webhooks.redeliver_failed_webhooks import RedeliverFailedWebhooksCommand
from tradepost.webhooks.redeliver_webhook import RedeliverWebhookCommand
from tradepost.webhooks.resume_webhook_endpoint import ResumeWebhookEndpointCommand
from tradepost.webhooks.send_test_webhook import TEST_EVENT, SendTestWebhookCommand
from tradepost.webhooks.update_webhook_endpoint import UpdateWebhookEndpointCommand
from tradepost.webhooks.views import WebhookDeliveryView
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.memory.webhook_sender import MemoryWebhookSender, answered
from tradepost_adapters.simulated_gateway import open_gateway

SECRET = b"a secret of the shop, and of nobody else"


class Strict(MemoryWebhookSender):
    """Lets nothing go without TLS but what is on this machine."""

    def objection(self, url: str, /) -> str | None:
        return None if url.startswith(("https:", "http://127.0.0.1:")) else "it does not begin with https://"


async def faults_of(**fields: Any) -> set[str]:
    """What is wrong with an endpoint, by pointer."""
    station = Station()
    station.sender.objection = Strict().objection  # type: ignore[method-assign]
    command = CreateWebhookEndpointCommand(actor=ACTOR, **{"url": URL, "events": ("*",), **fields})
    try:
        await station.shop.create_webhook_endpoint(command)
    except Invalid as refusal:
        return {fault.pointer for fault in refusal.faults}
    return set()


@pytest.mark.parametrize(
    "url",
    ["https://example.com", "https://example.com:8443/a?b=c", "https://[2606:4700::1]/", "http://127.0.0.1:9000/hooks"],
)
async def test_an_address_is_one_that_can_be_posted_to(url: str) -> None:
    assert await faults_of(url=url) == set()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/hooks",
        "https://",
        "https:///hooks",
        "http://example.com/",
        "http://127.0.0.1.example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com",
        "javascript:alert(1)",
        "https://user:password@example.com/",
        "https://user@example.com/",
        "https://example.com/#part",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com:port/",
        "https://exa mple.com/",
        "https://example.com/\r\nHost: evil",
        "https://example.com\\@evil.example",
        "https://exämple.com/",
        "https://[::1",
        "https://example.com/" + "x" * 2_000,
    ],
)
async def test_anything_else_is_refused(url: str) -> None:
    assert await faults_of(url=url) == {"/url"}


@pytest.mark.parametrize(
    ("events", "pointers"),
    [
        ((), {"/events"}),
        (("*",) * 51, {"/events"}),
        (("tradepost.order.placed",), {"/events/0"}),
        (("tradepost.order*",), {"/events/0"}),
        (("*.placed.v1",), {"/events/0"}),
        (("Tradepost.order.*",), {"/events/0"}),
        (("tradepost.user.*", "tradepost.order.*", "tradepost.user.link_issued.v1"), {"/events/0", "/events/2"}),
        (("acme.*",), {"/events/0"}),
        (("tradepost.*", "tradepost.order.placed.v1", "*"), set()),
    ],
)
async def test_filters_name_events_that_are_told_outside(events: tuple[str, ...], pointers: set[str]) -> None:
    assert await faults_of(events=events) == pointers


async def test_every_fault_is_told_at_once() -> None:
    found = await faults_of(url="x", events=(), description="x" * 501, owner_email="nobody", metadata={"k": "v" * 501})
    assert found == {"/url", "/events", "/description", "/owner_email", "/metadata"}


async def test_a_shop_has_a_limited_number_of_endpoints() -> None:
    station = Station()
    for _ in range(MOST_ENDPOINTS):
        await station.endpoint()
    with pytest.raises(Conflict) as refusal:
        await station.endpoint()
    assert refusal.value.code == "webhook_endpoint.too_many"


async def test_an_endpoint_is_changed_in_parts_and_by_version() -> None:
    station = Station()
    issued = await station.endpoint()

    async def update(**fields: Any) -> Any:
        command = UpdateWebhookEndpointCommand(actor=ACTOR, endpoint_id=issued.endpoint.id, **fields)
        return await station.shop.update_webhook_endpoint(command)

    changed = await update(description="ERP", events=("tradepost.order.*", "tradepost.order.*"), owner_email=None)
    assert (changed.version, changed.description, changed.events) == (2, "ERP", ("tradepost.order.*",))
    assert (changed.url, changed.owner_email) == (URL, None)
    assert (await update(description="ERP")).version == 2
    with pytest.raises(PreconditionFailed):
        await update(description="CRM", expected_version=1)
    with pytest.raises(Invalid):
        await update(url="ftp://example.com")
    assert (await station.view(issued)).url == URL


async def test_pausing_and_resuming_twice_changes_nothing_more() -> None:
    station = Station()
    issued = await station.endpoint()
    for expected in (EndpointState.PAUSED, EndpointState.PAUSED):
        paused = await station.shop.pause_webhook_endpoint(
            PauseWebhookEndpointCommand(actor=ACTOR, endpoint_id=issued.endpoint.id)
        )
        assert (paused.state, paused.version) == (expected, 2)
    for _ in range(2):
        resumed = await station.shop.resume_webhook_endpoint(
            ResumeWebhookEndpointCommand(actor=ACTOR, endpoint_id=issued.endpoint.id)
        )
        assert (resumed.state, resumed.version) == (EndpointState.ENABLED, 3)
    assert len(await station.jobs()) == 1


async def test_what_was_deleted_is_not_found() -> None:
    station = Station()
    issued = await station.endpoint()
    delete = DeleteWebhookEndpointCommand(actor=ACTOR, endpoint_id=issued.endpoint.id)
    with pytest.raises(PreconditionFailed):
        await station.shop.delete_webhook_endpoint(msgspec.structs.replace(delete, expected_version=2))
    await station.shop.delete_webhook_endpoint(delete)
    with pytest.raises(NotFound):
        await station.shop.delete_webhook_endpoint(delete)
    with pytest.raises(NotFound):
        await station.shop.get_webhook_endpoint(GetWebhookEndpointQuery(actor=ACTOR, endpoint_id=issued.endpoint.id))
    listed = await station.shop.list_webhook_endpoints(ListWebhookEndpointsQuery(actor=ACTOR))
    assert listed.items == ()


@pytest.mark.parametrize(("status", "state"), [(204, "succeeded"), (302, "failed"), (410, "failed")])
async def test_a_test_is_sent_at_once_tried_once_and_counts_for_nothing(status: int, state: str) -> None:
    station = Station()
    issued = await station.endpoint("tradepost.product.*")
    await station.shop.pause_webhook_endpoint(PauseWebhookEndpointCommand(actor=ACTOR, endpoint_id=issued.endpoint.id))
    station.sender.answers = [answered(status, {}, "hello")]
    command = SendTestWebhookCommand(actor=ACTOR, endpoint_id=issued.endpoint.id)
    found = await station.shop.send_test_webhook(command)
    assert (found.delivery.state, found.delivery.attempts, found.delivery.event_type) == (state, 1, TEST_EVENT)
    assert found.attempts[0].response_body == "hello"
    assert msgspec.json.decode(bytes(found.body))["data"]["endpoint_id"] == issued.endpoint.id
    await station.work_through()
    assert len(station.sender.sent) == 1
    assert await station.delivery() == found
    view = await station.view(issued)
    assert (view.state, view.failures) == (EndpointState.PAUSED, 0)


async def redeliver(station: Station, delivery: WebhookDeliveryView) -> WebhookDeliveryView:
    return await station.shop.redeliver_webhook(RedeliverWebhookCommand(actor=ACTOR, delivery_id=delivery.id))


async def fail_all(station: Station) -> None:
    """As if each had been tried ten times."""
    now = station.clock.now()

    async def work(tx: Any) -> None:
        for delivery in await tx.webhook_deliveries.overdue(now + timedelta(seconds=1), 2_000):
            delivery.fail(now)
            await tx.webhook_deliveries.save(delivery)

    await station.backend.transactions.run(work)
    station.clock.advance(timedelta(hours=1))


async def test_what_failed_or_succeeded_is_redelivered_as_it_was() -> None:
    station = Station()
    await station.endpoint()
    await station.tell()
    await fail_all(station)
    await station.work()
    assert station.sender.sent == []
    for attempts in (1, 2):
        (delivery,) = await station.deliveries()
        begun = await redeliver(station, delivery)
        assert (begun.state, begun.next_attempt_at) == (DeliveryState.PENDING, station.clock.now())
        await station.work()
        (delivery,) = await station.deliveries()
        assert (delivery.state, delivery.attempts) == (DeliveryState.SUCCEEDED, attempts)
    assert len({(sent.body, sent.headers["webhook-id"]) for sent in station.sender.sent}) == 1


async def test_redelivering_what_waits_for_its_next_try_hastens_it_and_takes_no_second_job_along() -> None:
    station = Station()
    await station.endpoint()
    station.sender.answers = [answered(500)] * 3
    await station.tell()
    await station.work_through(timedelta(minutes=6))
    (delivery,) = await station.deliveries()
    await redeliver(station, delivery)
    await redeliver(station, delivery)
    await station.work()
    assert len(station.sender.sent) == 4
    await station.work_through()
    assert len(station.sender.sent) == 4


async def test_redelivering_for_a_paused_endpoint_holds_it() -> None:
    station = Station()
    issued = await station.endpoint()
    await station.tell()
    await station.work()
    await station.shop.pause_webhook_endpoint(PauseWebhookEndpointCommand(actor=ACTOR, endpoint_id=issued.endpoint.id))
    (delivery,) = await station.deliveries()
    assert (await redeliver(station, delivery)).state is DeliveryState.HELD


async def test_nothing_is_redelivered_to_an_endpoint_that_was_deleted() -> None:
    station = Station()
    issued = await station.endpoint()
    await station.tell()
    await station.work()
    await station.shop.delete_webhook_endpoint(
        DeleteWebhookEndpointCommand(actor=ACTOR, endpoint_id=issued.endpoint.id)
    )
    (delivery,) = await station.deliveries()
    with pytest.raises(Conflict) as refusal:
        await redeliver(station, delivery)
    assert refusal.value.code == "webhook_delivery.endpoint_deleted"


async def test_all_that_failed_since_then_is_redelivered() -> None:
    station = Station()
    issued = await station.endpoint()
    await station.endpoint(url="https://crm.example.com/hooks")
    begun = station.clock.now()
    for number in range(1, 4):
        await station.tell(station.event(number))
        await fail_all(station)
    command = RedeliverFailedWebhooksCommand(
        actor=ACTOR, endpoint_id=issued.endpoint.id, since=begun + timedelta(hours=1)
    )
    again = await station.shop.redeliver_failed_webhooks(command)
    assert (again.count, again.more) == (2, False)
    await station.work()
    assert [sent.headers["webhook-id"] for sent in station.sender.sent] == ["order_1.2.0", "order_1.3.0"]
    assert {sent.url for sent in station.sender.sent} == {URL}


async def test_many_that_failed_are_redelivered_in_parts() -> None:
    station = Station()
    issued = await station.endpoint()
    begun = station.clock.now()
    await station.tell(*(station.event(number) for number in range(1, 1_051)))
    await fail_all(station)
    command = RedeliverFailedWebhooksCommand(actor=ACTOR, endpoint_id=issued.endpoint.id, since=begun)
    counts = [await station.shop.redeliver_failed_webhooks(command) for _ in range(3)]
    assert [(each.count, each.more) for each in counts] == [(1_000, True), (50, False), (0, False)]


async def test_old_deliveries_are_forgotten_and_those_still_tried_are_not() -> None:
    station = Station()
    await station.endpoint()
    await station.tell()
    await station.work()
    station.clock.advance(timedelta(days=20))
    station.sender.always = answered(500)
    await station.tell(station.event(2))
    await station.work()
    station.clock.advance(timedelta(days=10, seconds=1))
    assert await station.shop.purge_webhook_deliveries() == 1
    (kept,) = await station.deliveries()
    assert kept.message_id == "order_1.2.0"
    station.clock.advance(timedelta(days=30))
    assert await station.shop.purge_webhook_deliveries() == 0


def test_a_shop_without_a_sender_says_what_it_lacks() -> None:
    shop = Shop(MemoryBackend(), gateway=open_gateway("simulated://memory"), secret=SECRET)
    with pytest.raises(TypeError, match="webhook_sender"):
        _ = shop.create_webhook_endpoint
