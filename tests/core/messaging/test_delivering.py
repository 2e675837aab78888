"""Consumers and the relay, over the memory adapter."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tradepost.kernel.clock import ManualClock
from tradepost.kernel.events import Aggregate, Event, Message, event_type
from tradepost.kernel.pages import PageRequest
from tradepost.kernel.wakeups import LocalWakeUps, WakingTransactions
from tradepost.messaging import (
    AtLeastOnce,
    Consumers,
    DeliverMessages,
    HasOutbox,
    OnceInEffect,
    ParkedFilter,
    ReceiveMessages,
    Relay,
    RetryParked,
    read_event,
)
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.memory.transaction import MemoryTransaction

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Shipped(Event, frozen=True, tag="test.shipped.v1"):
    """A fact."""

    parcels: int


class Lost(Event, frozen=True, tag="test.lost.v1"):
    """Another one."""


class House:
    """An outbox and what hangs on it."""

    def __init__(self) -> None:
        self.clock = ManualClock(NOW)
        self.wakeups = LocalWakeUps()
        backend = MemoryBackend()
        self.transactions = WakingTransactions(backend.transactions, self.wakeups)
        self.parked, self.log = backend.parked_views, backend.event_log

    async def record(self, *facts: Event, order: str = "order_1") -> tuple[Message, ...]:
        aggregate = Aggregate(id=order)
        aggregate.record(*facts)
        messages = aggregate.take_messages()

        async def work(tx: HasOutbox) -> None:
            await tx.outbox.append(messages)

        await self.transactions.run(work)
        return messages

    def deliver(self, *consumers: Any, lease: timedelta = timedelta(seconds=20), **more: Any) -> DeliverMessages:
        receive = ReceiveMessages(
            Consumers(*consumers), self.transactions, self.parked, self.clock, random=lambda: 0.5, **more
        )
        return DeliverMessages(self.transactions, receive, self.clock, relay="one", lease=lease)

    async def waiting(self) -> list[str]:
        """The ids of what is parked and not dead."""
        page = await self.parked.page(ParkedFilter(dead=False), PageRequest())
        return [one.message_id for one in page.items]


async def test_a_consumer_gets_the_events_it_asks_for_and_no_others() -> None:
    house = House()
    seen: list[int] = []

    async def note(message: Message) -> None:
        seen.append(read_event(message, Shipped).parcels)

    await house.record(Shipped(occurred_at=NOW, parcels=2), Lost(occurred_at=NOW))
    assert await house.deliver(AtLeastOnce("note", [Shipped], note, house.transactions, house.clock))() == 2
    assert seen == [2]


async def test_a_failing_consumer_does_not_keep_a_message_from_the_others_nor_repeat_it_to_them() -> None:
    house = House()
    told: list[str] = []
    failing = True

    async def tell(message: Message) -> None:
        told.append(message.id)

    async def index(tx: MemoryTransaction, message: Message) -> None:
        if failing:
            raise ValueError("no")

    consumers = (
        OnceInEffect("index", [Shipped], index, house.transactions, house.clock),
        AtLeastOnce("tell", [Shipped], tell, house.transactions, house.clock),
    )
    await house.record(Shipped(occurred_at=NOW, parcels=1))
    assert await house.deliver(*consumers)() == 1
    assert await house.waiting() == ["order_1.1.0"]
    house.clock.advance(timedelta(hours=1))
    failing = False
    retry = RetryParked(Consumers(*consumers), house.transactions, house.clock, random=lambda: 0.5)
    assert await retry() == 1
    assert await house.waiting() == []
    assert told == ["order_1.1.0"]


async def test_one_that_fails_in_a_batch_is_parked_alone_with_what_follows_in_its_aggregate() -> None:
    house = House()
    taken: list[str] = []

    async def picky(tx: MemoryTransaction, message: Message) -> None:
        if message.id == "order_2.1.0":
            raise ValueError("not this one")
        taken.append(message.id)

    for order in ("order_1", "order_2", "order_3"):
        await house.record(Shipped(occurred_at=NOW, parcels=1), Lost(occurred_at=NOW), order=order)
    await house.deliver(OnceInEffect("picky", None, picky, house.transactions, house.clock))()
    assert sorted(set(taken)) == ["order_1.1.0", "order_1.1.1", "order_3.1.0", "order_3.1.1"]
    assert sorted(await house.waiting()) == ["order_2.1.0", "order_2.1.1"]


async def test_while_nothing_can_be_parked_nothing_is_noted_as_delivered() -> None:
    house = House()

    async def fail(tx: MemoryTransaction, message: Message) -> None:
        raise ValueError("no")

    class Away:
        async def run(self, work: object, /) -> None:
            raise OSError("the database is away")

    await house.record(Shipped(occurred_at=NOW, parcels=1))
    consumers = Consumers(OnceInEffect("fail", None, fail, house.transactions, house.clock))
    away: Any = Away()
    receive = ReceiveMessages(consumers, away, house.parked, house.clock, random=lambda: 0.5)
    with pytest.raises(OSError, match="the database is away"):
        await DeliverMessages(house.transactions, receive, house.clock, relay="one")()
    assert await house.log.last() == 0


async def test_a_consumer_outside_gets_a_message_again_only_when_it_failed() -> None:
    house = House()
    tries = 0

    async def flaky(message: Message) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise OSError("connection refused")

    (message,) = await house.record(Shipped(occurred_at=NOW, parcels=1))
    consumer = AtLeastOnce("flaky", [Shipped], flaky, house.transactions, house.clock)
    with pytest.raises(OSError, match="refused"):
        await consumer([message])
    await consumer([message])
    await consumer([message])
    assert tries == 2


async def test_a_consumer_that_takes_too_long_has_failed() -> None:
    house = House()

    async def hang(message: Message) -> None:
        await asyncio.Event().wait()

    await house.record(Shipped(occurred_at=NOW, parcels=1))
    consumer = AtLeastOnce("hang", [Shipped], hang, house.transactions, house.clock)
    assert await house.deliver(consumer, patience=timedelta(milliseconds=10))() == 1
    assert await house.waiting() == ["order_1.1.0"]


async def test_a_consumer_that_is_canceled_from_within_has_failed_and_a_relay_outlives_it() -> None:
    house = House()

    async def stumble(message: Message) -> None:
        lost = asyncio.ensure_future(asyncio.Event().wait())
        lost.cancel()
        await lost  # raises CancelledError, though nobody has told this consumer to stop

    await house.record(Shipped(occurred_at=NOW, parcels=1))
    consumer = AtLeastOnce("stumble", [Shipped], stumble, house.transactions, house.clock)
    assert await house.deliver(consumer)() == 1
    assert await house.waiting() == ["order_1.1.0"]
    house.clock.advance(timedelta(seconds=2))
    retry = RetryParked(Consumers(consumer), house.transactions, house.clock, random=lambda: 0.5)
    assert await retry() == 1
    parked = await house.parked.get("stumble", "order_1.1.0")
    assert parked is not None
    assert (parked.failures, "CancelledError" in str(parked.error)) == (2, True)


async def test_a_consumer_that_hangs_keeps_the_others_waiting_once_and_gets_what_was_parked_meanwhile() -> None:
    house = House()
    told: list[str] = []
    tries = 0
    hangs = True

    async def hang(message: Message) -> None:
        nonlocal tries
        tries += 1
        if hangs:
            await asyncio.Event().wait()

    async def tell(message: Message) -> None:
        told.append(message.id)

    hanging = AtLeastOnce("hang", [Shipped], hang, house.transactions, house.clock)
    well = AtLeastOnce("well", [Shipped], tell, house.transactions, house.clock)
    receive = ReceiveMessages(
        Consumers(hanging, well),
        house.transactions,
        house.parked,
        house.clock,
        random=lambda: 0.5,
        patience=timedelta(milliseconds=50),
    )
    orders = [f"order_{n}" for n in range(80)]
    messages = [one for order in orders for one in await house.record(Shipped(occurred_at=NOW, parcels=1), order=order)]
    await receive(messages[:40])
    await receive(messages[40:])
    assert (tries, len(told), len(await house.parked.holding(orders))) == (1, 80, 80)
    hangs = False
    house.clock.advance(timedelta(seconds=2))
    for alone in Consumers(hanging, well).alone():
        retry = RetryParked(alone, house.transactions, house.clock, random=lambda: 0.5)
        while await retry():
            pass
    assert (tries, len(told), await house.waiting()) == (81, 80, [])


async def test_a_long_pass_keeps_its_leases() -> None:
    house = House()
    go_on = asyncio.Event()
    taken: list[str] = []

    async def slow(message: Message) -> None:
        taken.append(message.id)
        await go_on.wait()

    await house.record(Shipped(occurred_at=NOW, parcels=1))
    consumer = AtLeastOnce("slow", [Shipped], slow, house.transactions, house.clock)
    lease = timedelta(milliseconds=90)
    first = asyncio.create_task(house.deliver(consumer, lease=lease)())
    for _ in range(4):
        await asyncio.sleep(0.05)
        house.clock.advance(timedelta(milliseconds=60))
        assert await house.deliver(consumer, lease=lease)() == 0
    go_on.set()
    assert await first == 1
    assert len(taken) == 1


async def test_a_consumer_told_to_stop_in_the_middle_notes_what_it_has_done() -> None:
    house = House()
    reached = asyncio.Event()
    told: list[str] = []

    async def hang_on_the_second(message: Message) -> None:
        if told:
            reached.set()
            await asyncio.Event().wait()
        told.append(message.id)

    await house.record(Shipped(occurred_at=NOW, parcels=1), Shipped(occurred_at=NOW, parcels=2))
    first = asyncio.create_task(
        house.deliver(AtLeastOnce("tell", [Shipped], hang_on_the_second, house.transactions, house.clock))()
    )
    await reached.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    left: list[int] = []

    async def note(message: Message) -> None:
        left.append(read_event(message, Shipped).parcels)

    assert await house.deliver(AtLeastOnce("tell", [Shipped], note, house.transactions, house.clock))() == 2
    assert left == [2]


async def test_a_relay_is_woken_by_the_commit_of_a_fact_and_stops_when_told() -> None:
    house = House()
    told = asyncio.Event()

    async def tell(message: Message) -> None:
        told.set()

    relay = Relay(
        house.deliver(AtLeastOnce("tell", [Shipped], tell, house.transactions, house.clock)), house.wakeups, poll=60
    )
    running = asyncio.create_task(relay.run())
    await asyncio.sleep(0.02)
    await house.record(Shipped(occurred_at=NOW, parcels=1))
    await asyncio.wait_for(told.wait(), 5)
    relay.stop()
    await asyncio.wait_for(running, 5)


async def test_a_relay_finds_facts_by_itself_when_no_hint_reaches_it() -> None:
    house = House()
    told = asyncio.Event()

    async def tell(message: Message) -> None:
        told.set()

    deliver = house.deliver(AtLeastOnce("tell", [Shipped], tell, house.transactions, house.clock))
    relay = Relay(deliver, LocalWakeUps(), poll=0.01)
    running = asyncio.create_task(relay.run())
    await asyncio.sleep(0.02)
    await house.record(Shipped(occurred_at=NOW, parcels=1))
    await asyncio.wait_for(told.wait(), 5)
    relay.stop()
    await running


async def test_a_relay_outlives_a_pass_that_fails() -> None:
    passes = 0

    async def deliver() -> int:
        nonlocal passes
        passes += 1
        if passes == 1:
            raise OSError("away")
        relay.stop()
        return 0

    relay = Relay(deliver, LocalWakeUps(), poll=0.01, lanes=1)
    await asyncio.wait_for(relay.run(), 5)
    assert passes == 2


def test_two_consumers_of_one_name_are_refused() -> None:
    house = House()

    async def nothing(message: Message) -> None: ...

    consumer = AtLeastOnce("same", [Shipped], nothing, house.transactions, house.clock)
    with pytest.raises(ValueError, match="More than one consumer is called same"):
        Consumers(consumer, consumer)


def test_an_event_type_is_versioned() -> None:
    assert event_type(Shipped) == "test.shipped.v1"


async def test_a_pass_that_hangs_lets_another_begin_beside_it_and_a_quick_one_does_not() -> None:
    hanging, let_go, beside = asyncio.Event(), asyncio.Event(), asyncio.Event()
    under_way = most = passes = 0

    async def deliver() -> int:
        nonlocal under_way, most, passes
        passes += 1
        under_way += 1
        most = max(most, under_way)
        if passes == 3:
            hanging.set()
            await let_go.wait()
        elif hanging.is_set():
            beside.set()
        else:
            assert most == 1
        under_way -= 1
        return 1

    relay = Relay(deliver, LocalWakeUps(), gather=0, slow=0.02)
    running = asyncio.create_task(relay.run())
    await asyncio.wait_for(beside.wait(), 5)
    assert most == 2
    relay.stop()
    let_go.set()
    await asyncio.wait_for(running, 5)
    assert under_way == 0


async def test_a_relay_that_is_canceled_ends_its_pass() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def deliver() -> int:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return 0

    for slow in (0.01, 60.0):
        begun.clear()
        ended.clear()
        running = asyncio.create_task(Relay(deliver, LocalWakeUps(), slow=slow).run())
        await asyncio.wait_for(begun.wait(), 5)
        await asyncio.sleep(0.05)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert ended.is_set()
