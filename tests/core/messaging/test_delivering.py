"""Consumers and the relay, over the memory adapter."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tradepost.kernel.clock import ManualClock
from tradepost.kernel.events import Aggregate, Event, Message, event_type
from tradepost.kernel.wakeups import LocalWakeUps, WakingTransactions
from tradepost.messaging import AtLeastOnce, Consumers, DeliverMessages, HasOutbox, OnceInEffect, Relay, read_event
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
        self.transactions = WakingTransactions(MemoryBackend().transactions, self.wakeups)

    async def record(self, *facts: Event, order: str = "order_1") -> tuple[Message, ...]:
        aggregate = Aggregate(id=order)
        aggregate.record(*facts)
        messages = aggregate.take_messages()

        async def work(tx: HasOutbox) -> None:
            await tx.outbox.append(messages)

        await self.transactions.run(work)
        return messages

    def deliver(self, *consumers: Any, **more: Any) -> DeliverMessages:
        return DeliverMessages(
            self.transactions, Consumers(*consumers), self.clock, relay="one", random=lambda: 0.5, **more
        )


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
    mails: list[str] = []
    failing = True

    async def mail(message: Message) -> None:
        mails.append(message.id)

    async def index(tx: MemoryTransaction, message: Message) -> None:
        if failing:
            raise ValueError("no")

    await house.record(Shipped(occurred_at=NOW, parcels=1))
    deliver = house.deliver(
        OnceInEffect("index", [Shipped], index, house.transactions, house.clock),
        AtLeastOnce("mail", [Shipped], mail, house.transactions, house.clock),
    )
    assert await deliver() == 0
    house.clock.advance(timedelta(hours=1))
    failing = False
    assert await deliver() == 1
    assert mails == ["order_1.1.0"]


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
        await consumer(message)
    await consumer(message)
    await consumer(message)
    assert tries == 2


async def test_a_consumer_that_takes_too_long_has_failed() -> None:
    house = House()

    async def hang(message: Message) -> None:
        await asyncio.Event().wait()

    await house.record(Shipped(occurred_at=NOW, parcels=1))
    consumer = AtLeastOnce("hang", [Shipped], hang, house.transactions, house.clock)
    assert await house.deliver(consumer, patience=timedelta(milliseconds=10))() == 0


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


async def test_a_relay_told_to_stop_in_the_middle_notes_what_it_has_delivered() -> None:
    house = House()
    reached = asyncio.Event()

    async def hang_on_the_second(message: Message) -> None:
        if message.sequence % 1000:
            reached.set()
            await asyncio.Event().wait()

    await house.record(Shipped(occurred_at=NOW, parcels=1), Shipped(occurred_at=NOW, parcels=2))
    consumer = AtLeastOnce("hang", [Shipped], hang_on_the_second, house.transactions, house.clock)
    first = asyncio.create_task(house.deliver(consumer)())
    await reached.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    left: list[int] = []

    async def note(message: Message) -> None:
        left.append(read_event(message, Shipped).parcels)

    assert await house.deliver(AtLeastOnce("note", [Shipped], note, house.transactions, house.clock))() == 1
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
