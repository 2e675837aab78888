"""What every broker keeps to. Those with a server of their own keep to `broker_processes.BrokerServerContract`, which has
these tests and more."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

import pytest

from tradepost.kernel.events import Message
from tradepost.kernel.transactions import Unavailable
from tradepost.messaging.broker import Broker, Subscription

LONG = 60.0
"""Seconds that are never up in a test."""
PATIENCE = 40.0
"""Seconds after which a test gives up waiting."""

_PROBE = "probe"


class BrokerAdapter(Protocol):
    """A broker under test, which holds nothing at the start of each test."""

    async def process(self, *, lease: float = LONG, patience: float = LONG) -> Broker:
        """One more process at the broker; the fixture closes it in the end.

        A process that is silent for `lease` seconds loses its partitions, and so does one that is still at the same
        messages after `patience` seconds. A broker in process has one process: it gives the same one each time.
        """
        ...


def message(aggregate_id: str, sequence: int = 1, *, text: str = "Zoë 🧦") -> Message:
    return Message(
        id=f"{aggregate_id}.{sequence}",
        type="test.happened.v1",
        aggregate_id=aggregate_id,
        sequence=sequence,
        payload=f'{{"type":"test.happened.v1", "who":"{text}","price":10.50}}'.encode(),
        occurred_at=datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC),
    )


def series(aggregates: int, sequences: int, *, start: int = 1, name: str = "order") -> list[Message]:
    """So many facts about each of so many things, in turns."""
    numbers = range(start, start + sequences)
    return [message(f"{name}_{n}", sequence) for sequence in numbers for n in range(aggregates)]


async def publish(broker: Broker, messages: Sequence[Message]) -> None:
    """As a relay does: the same again until the broker has them."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while True:
        try:
            return await broker.publish(messages)
        except Exception:
            if asyncio.get_running_loop().time() > deadline:
                raise
        await asyncio.sleep(0.02)


class Given(NamedTuple):
    """A message that a process was given, and dealt with."""

    process: str
    message: Message


class Desk:
    """A group: its processes, and what they were given in the order of time.

    `before` is awaited with a process's name and messages before they count as dealt with: a test fails or holds there.
    """

    def __init__(self, group: str = "desk") -> None:
        self.group = group
        self.given: list[Given] = []
        self.before: Callable[[str, Sequence[Message]], Awaitable[None]] = _nothing
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._subscriptions: dict[str, Subscription] = {}
        self._probed: set[str] = set()
        self._news = asyncio.Condition()

    def join(self, broker: Broker, name: str = "one") -> Subscription:
        """Receive in one more process of the group."""

        async def receive(messages: Sequence[Message]) -> None:
            real = [each for each in messages if not each.aggregate_id.startswith(_PROBE)]
            if real:
                await self.before(name, real)
            async with self._news:
                if len(real) < len(messages):
                    self._probed.add(name)
                self.given.extend(Given(name, each) for each in real)
                self._news.notify_all()

        self._subscriptions[name] = subscription = broker.subscribe(self.group, receive)
        self.tasks[name] = asyncio.create_task(subscription.run())
        return subscription

    async def open(self, broker: Broker, name: str = "one") -> "Desk":
        """Join, and wait until messages arrive there."""
        self.join(broker, name)
        return await self.share(broker, name)

    async def share(self, broker: Broker, *names: str) -> "Desk":
        """Wait until each of these processes is given some of what is published from now on."""
        self._probed.clear()
        async with asyncio.timeout(PATIENCE):
            number = 0
            while not self._probed.issuperset(names):
                number += 1
                await publish(broker, [message(f"{_PROBE}_{n}", number) for n in range(64)])
                await asyncio.sleep(0.05)
        return self

    async def until(self, enough: Callable[[], bool], *, patience: float = PATIENCE) -> None:
        """Wait for what was given to be enough."""
        try:
            async with asyncio.timeout(patience), self._news:
                await self._news.wait_for(enough)
        except TimeoutError:
            raise AssertionError(f"After {patience:.0f} s {len(self.given)} were given.") from None

    async def until_all(self, messages: Sequence[Message]) -> None:
        wanted = {each.id for each in messages}
        await self.until(lambda: wanted <= {one.message.id for one in self.given})

    async def stop(self, name: str) -> None:
        """As a process that is told to."""
        self._subscriptions.pop(name).stop()
        await asyncio.wait_for(self.tasks.pop(name), PATIENCE)

    async def cancel(self, name: str) -> None:
        """As a process that ends without finishing anything."""
        self._subscriptions.pop(name)
        task = self.tasks.pop(name)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def close(self) -> None:
        for name in tuple(self.tasks):
            await self.cancel(name)

    def ids(self) -> list[str]:
        return [one.message.id for one in self.given]

    def firsts(self) -> dict[str, list[int]]:
        """Of each aggregate the sequences, in the order in which they were given for the first time."""
        found: dict[str, dict[int, None]] = defaultdict(dict)
        for _, each in self.given:
            found[each.aggregate_id].setdefault(each.sequence)
        return {aggregate: list(sequences) for aggregate, sequences in found.items()}


async def _nothing(process: str, messages: Sequence[Message]) -> None: ...


def in_order(messages: Sequence[Message]) -> dict[str, list[int]]:
    """What `Desk.firsts` should be."""
    wanted: dict[str, list[int]] = defaultdict(list)
    for each in messages:
        wanted[each.aggregate_id].append(each.sequence)
    return dict(wanted)


class BrokerContract:
    """Bind it with a fixture `adapter` that gives a `BrokerAdapter`."""

    @pytest.fixture
    async def desk(self) -> AsyncIterator[Desk]:
        desk = Desk()
        yield desk
        await desk.close()

    async def test_what_is_published_is_received_as_it_was(self, adapter: BrokerAdapter, desk: Desk) -> None:
        broker = await adapter.process()
        await desk.open(broker)
        wanted = message("order_1", 2**53 + 1, text="\\u0000 größe \\n" + "x" * 100_000)
        await publish(broker, [wanted])
        await desk.until_all([wanted])
        assert [one.message for one in desk.given] == [wanted]

    async def test_nothing_at_all_may_be_published(self, adapter: BrokerAdapter, desk: Desk) -> None:
        broker = await adapter.process()
        await desk.open(broker)
        await broker.publish([])
        await publish(broker, [message("order_1")])
        await desk.until_all([message("order_1")])
        assert desk.ids() == ["order_1.1"]

    async def test_what_is_published_while_there_is_no_group_is_refused_or_kept_for_the_first(
        self, adapter: BrokerAdapter, desk: Desk
    ) -> None:
        broker = await adapter.process()
        wanted = series(40, 2)
        refused = False
        try:
            await broker.publish(wanted)
        except Unavailable:
            refused = True
        await desk.open(broker)
        if refused:
            await publish(broker, wanted)
        await desk.until_all(wanted)
        assert desk.firsts() == in_order(wanted)

    async def test_each_group_gets_each_message(self, adapter: BrokerAdapter) -> None:
        broker = await adapter.process()
        desks = [await Desk(group).open(broker) for group in ("shop", "search", "books")]
        wanted = series(20, 3)
        await publish(broker, wanted)
        for desk in desks:
            await desk.until_all(wanted)
            assert sorted(desk.ids()) == sorted(each.id for each in wanted)
            await desk.close()

    async def test_messages_of_an_aggregate_arrive_in_their_order(self, adapter: BrokerAdapter, desk: Desk) -> None:
        broker = await adapter.process()
        await desk.open(broker)
        wanted = series(40, 12)
        for place in range(0, len(wanted), 70):
            await publish(broker, wanted[place : place + 70])
        await desk.until_all(wanted)
        assert sorted(desk.ids()) == sorted(each.id for each in wanted)
        assert desk.firsts() == in_order(wanted)

    async def test_what_was_not_taken_is_given_again_before_anything_later_of_its_aggregate(
        self, adapter: BrokerAdapter, desk: Desk
    ) -> None:
        broker = await adapter.process()
        await desk.open(broker)
        tries = 0

        async def refuse(_: str, messages: Sequence[Message]) -> None:
            nonlocal tries
            if any(each.id == "order_3.2" for each in messages) and tries < 3:
                tries += 1
                raise ConnectionError("the database is away")

        desk.before = refuse
        wanted = series(10, 5)
        for sequence in range(5):
            await publish(broker, wanted[sequence * 10 : sequence * 10 + 10])
        await desk.until_all(wanted)
        assert tries == 3
        assert desk.firsts() == in_order(wanted)

    async def test_what_is_published_twice_keeps_the_order_of_the_first_copies(
        self, adapter: BrokerAdapter, desk: Desk
    ) -> None:
        broker = await adapter.process()
        await desk.open(broker)
        wanted = series(5, 4)
        await publish(broker, wanted[:10])
        await publish(broker, wanted[:10])  # a relay that did not hear that the broker has them
        await publish(broker, wanted[5:])
        await desk.until_all(wanted)
        assert desk.firsts() == in_order(wanted)

    async def test_several_may_publish_at_once(self, adapter: BrokerAdapter, desk: Desk) -> None:
        broker = await adapter.process()
        await desk.open(broker)
        lots = [series(5, 6, name=f"shop-{n}") for n in range(6)]

        async def relay(lot: list[Message]) -> None:
            for place in range(0, len(lot), 5):
                await publish(broker, lot[place : place + 5])

        await asyncio.gather(*map(relay, lots))
        everything = [each for lot in lots for each in lot]
        await desk.until_all(everything)
        assert desk.firsts() == in_order(everything)

    async def test_what_is_under_way_is_finished_before_the_end(self, adapter: BrokerAdapter, desk: Desk) -> None:
        broker = await adapter.process()
        await desk.open(broker)
        under_way, go_on = asyncio.Event(), asyncio.Event()

        async def hold(_: str, messages: Sequence[Message]) -> None:
            under_way.set()
            await go_on.wait()

        desk.before = hold
        publishing = asyncio.create_task(publish(broker, [message("order_1")]))
        await asyncio.wait_for(under_way.wait(), PATIENCE)
        stopping = asyncio.create_task(desk.stop("one"))
        await asyncio.sleep(0)
        go_on.set()
        await stopping
        await publishing
        await desk.until_all([message("order_1")])
        assert desk.ids() == ["order_1.1"]

    async def test_five_thousand_messages_come_through(self, adapter: BrokerAdapter, desk: Desk) -> None:
        broker = await adapter.process()
        await desk.open(broker)
        wanted = series(250, 20)
        for place in range(0, len(wanted), 500):
            await publish(broker, wanted[place : place + 500])
        await desk.until_all(wanted)
        assert len(desk.given) == 5_000
        assert desk.firsts() == in_order(wanted)
