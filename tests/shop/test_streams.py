"""Streams of a shop's events, on every backend."""

from collections.abc import Sequence

from tests.shop.conftest import BUYER, OWNER, STRANGER, Stand, order

from tradepost.kernel.access import GUEST
from tradepost.kernel.events import Message
from tradepost.messaging import DeliverMessages
from tradepost.streams import FollowEventsQuery


async def _nowhere(messages: Sequence[Message]) -> None:
    pass


async def _told(stand: Stand) -> None:
    deliver = DeliverMessages(stand.backend.transactions, _nowhere, stand.clock, relay="test", partitions=32)
    while await deliver():
        pass


async def test_whose_orders_they_are_is_one_look_for_many(stand: Stand) -> None:
    await stand.sell("MUG")
    mine, guests = [await stand.shop.place_order(order(("MUG", 1), actor=actor)) for actor in (BUYER, GUEST)]
    found = await stand.backend.order_views.customers_of([mine.id, guests.id, "order_none"])
    assert found == {mine.id: BUYER.customer_id, guests.id: None}
    assert await stand.backend.order_views.customers_of([]) == {}


async def test_customers_are_told_of_their_own_orders_and_staff_of_all(stand: Stand) -> None:
    await stand.sell("MUG")
    following = {actor.id: await stand.shop.follow_events(FollowEventsQuery(actor=actor)) for actor in (BUYER, OWNER)}
    orders = [await stand.shop.place_order(order(("MUG", 1), actor=actor)) for actor in (BUYER, STRANGER, BUYER)]
    await _told(stand)
    seen = {}
    for who, stream in following.items():
        found: list[str] = []
        while stream.position < await stand.backend.event_log.last():
            found += [
                event.message.aggregate_id for event in await stream.more() if "order.placed" in event.message.type
            ]
        seen[who] = sorted(found)
    mine = sorted([orders[0].id, orders[2].id])
    assert seen == {BUYER.id: mine, OWNER.id: sorted([*mine, orders[1].id])}
    resumed = FollowEventsQuery(actor=STRANGER, last_event_id="0", seconds=0)
    stream = await stand.shop.follow_events(resumed)
    assert {event.message.aggregate_id async for event in stream} == {orders[1].id}
    await stand.shop.follow_events.close()
