"""Which events become deliveries, for whom, and at what cost."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.core.webhooks.station import ACTOR, SECRET, URL, Station

from tradepost.shop import Shop
from tradepost.webhooks.delivery import DeliveryState
from tradepost.webhooks.pause_webhook_endpoint import PauseWebhookEndpointCommand
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.simulated_gateway import open_gateway

OTHER = "https://crm.example.com/hooks"
PLACED, REFUNDED, PRODUCT = "tradepost.order.placed.v1", "tradepost.order.refunded.v1", "tradepost.product.changed.v1"


class Counting:
    """`Transactions` that are counted."""

    def __init__(self, transactions: Any) -> None:
        self._transactions = transactions
        self.count = 0

    async def run(self, work: Callable[[Any], Any]) -> Any:
        self.count += 1
        return await self._transactions.run(work)


async def told(station: Station, *kinds: str) -> None:
    await station.tell(*(station.event(number, kind) for number, kind in enumerate(kinds, 1)))


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        (("*",), [PLACED, REFUNDED, PRODUCT]),
        (("tradepost.order.*",), [PLACED, REFUNDED]),
        ((PLACED,), [PLACED]),
        ((PLACED, "tradepost.product.*"), [PLACED, PRODUCT]),
        (("tradepost.*", PLACED), [PLACED, REFUNDED, PRODUCT]),
        (("tradepost.cart.*",), []),
    ],
)
async def test_an_endpoint_is_told_of_what_its_filters_name(filters: tuple[str, ...], wanted: list[str]) -> None:
    station = Station()
    await station.endpoint(*filters)
    await told(station, PLACED, REFUNDED, PRODUCT)
    assert [delivery.event_type for delivery in reversed(await station.deliveries())] == wanted


async def test_nothing_about_users_ever_leaves() -> None:
    station = Station()
    await station.endpoint("*")
    await told(station, "tradepost.user.link_issued.v1", "tradepost.user.registered.v1", "acme.secret.made.v1", "x")
    assert await station.deliveries() == ()


async def test_each_endpoint_gets_a_delivery_of_its_own_with_the_same_bytes() -> None:
    station = Station()
    await station.endpoint("*")
    await station.endpoint("tradepost.order.*", url=OTHER)
    await station.tell()
    await station.work()
    assert sorted(sent.url for sent in station.sender.sent) == sorted([URL, OTHER])
    first, second = station.sender.sent
    assert first.body == second.body
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


async def test_an_event_that_is_told_again_makes_no_second_delivery() -> None:
    station = Station()
    await station.endpoint()
    event = station.event()
    for messages in ((event,), (event,), (event, event)):
        await station.tell(*messages)
    await station.work()
    assert len(station.sender.sent) == 1


async def test_also_when_the_inbox_has_forgotten_it_and_whoever_missed_it_then_gets_it() -> None:
    station = Station()
    await station.endpoint()
    event = station.event()
    await station.tell(event)
    await station.endpoint(url=OTHER)

    async def forget(tx: Any) -> None:
        await tx.inbox.forget("webhooks", [event.id])

    await station.backend.transactions.run(forget)
    await station.tell(event)
    await station.work()
    assert sorted(sent.url for sent in station.sender.sent) == sorted([URL, OTHER])


async def test_an_event_nobody_wants_opens_no_transaction_and_leaves_no_note() -> None:
    backend = MemoryBackend()
    station = Station(backend)
    counting = Counting(backend.transactions)
    backend.transactions = counting  # type: ignore[assignment]
    shop = Shop(backend, gateway=open_gateway("simulated://memory"), secret=SECRET)
    await shop.queue_webhooks([station.event(number) for number in range(1, 50)])
    assert counting.count == 0
    await station.endpoint("tradepost.product.*")
    await shop.queue_webhooks([station.event(number) for number in range(1, 50)])
    assert counting.count == 0
    await shop.queue_webhooks([station.event(number, PRODUCT) for number in range(1, 50)])
    assert counting.count == 1
    assert len(await station.deliveries()) == 49


async def test_what_happens_while_an_endpoint_is_paused_is_held_for_it() -> None:
    station = Station()
    issued = await station.endpoint()
    await station.shop.pause_webhook_endpoint(PauseWebhookEndpointCommand(actor=ACTOR, endpoint_id=issued.endpoint.id))
    await station.tell()
    await station.work()
    assert station.sender.sent == []
    (delivery,) = await station.deliveries()
    assert (delivery.state, delivery.next_attempt_at) == (DeliveryState.HELD, None)
