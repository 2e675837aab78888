"""Reading the log, telling it again, and dead letters, over the memory adapter."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tradepost.kernel.access import Actor, Role, operator
from tradepost.kernel.clock import ManualClock
from tradepost.kernel.errors import TradepostError
from tradepost.kernel.events import Aggregate, Event, Message
from tradepost.messaging import Consumers, DeliverMessages, OnceInEffect, ParkedFilter, ReceiveMessages, RetryParked
from tradepost.messaging.get_event import GetEvent, GetEventQuery
from tradepost.messaging.get_parked import GetParked, GetParkedQuery
from tradepost.messaging.list_events import ListEvents, ListEventsQuery
from tradepost.messaging.list_parked import ListParked, ListParkedQuery
from tradepost.messaging.publish_events_again import PublishEventsAgain, PublishEventsAgainCommand
from tradepost.messaging.redrive_dead_letters import RedriveDeadLetters, RedriveDeadLettersCommand
from tradepost.messaging.replay_events import ReplayEvents, ReplayEventsCommand
from tradepost_adapters.memory.backend import MemoryBackend

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=1)
SUPPORT = Actor(id="user_1", role=Role.SUPPORT)


class Told(Event, frozen=True, kw_only=True, tag="tradepost.order.told.v1"):
    """One that may leave the shop."""


class Kept(Event, frozen=True, kw_only=True, tag="acme.kept.v1"):
    """One that may not."""


class House:
    """A log, and one consumer that can be out of order."""

    def __init__(self) -> None:
        self.clock = ManualClock(NOW)
        self.backend = MemoryBackend()
        self.taken: list[str] = []
        self.broken = False
        self.consumers = Consumers(
            OnceInEffect("tally", [Told], self._take, self.backend.transactions, self.clock),
        )
        self.receive = ReceiveMessages(
            self.consumers,
            self.backend.transactions,
            self.backend.parked_views,
            self.clock,
            random=lambda: 0.0,
            max_failures=1,
        )
        self.versions: dict[str, int] = {}
        self.list_events = ListEvents(self.backend.event_log)
        self.replay_events = ReplayEvents(self.backend.event_log, self.backend.transactions, self.consumers, self.clock)

    async def _take(self, tx: Any, message: Message) -> None:
        if self.broken:
            raise ValueError("out of order")
        self.taken.append(message.id)

    async def record(self, *facts: Event, order: str = "order_1") -> None:
        aggregate = Aggregate(id=order, version=self.versions.get(order, 0))
        self.versions[order] = aggregate.version + 1
        aggregate.record(*facts)

        async def work(tx: Any) -> None:
            await tx.outbox.append(aggregate.take_messages())

        await self.backend.transactions.run(work)

    async def deliver(self) -> None:
        deliver = DeliverMessages(self.backend.transactions, self.receive, self.clock, relay="here")
        while await deliver():
            pass

    async def retry(self) -> None:
        retry = RetryParked(self.consumers, self.backend.transactions, self.clock, random=lambda: 0.0, max_failures=1)
        while await retry():
            pass

    async def log(self, count: int, orders: int = 1) -> None:
        for place in range(count):
            await self.record(Told(occurred_at=NOW), order=f"order_{place % orders}")
        await self.deliver()

    async def replay(self, **given: Any) -> int:
        command = ReplayEventsCommand(actor=operator(), **{"consumer": "tally", "since": LONG_AGO, **given})
        return (await self.replay_events(command)).replayed


@pytest.fixture
def house() -> House:
    return House()


async def test_the_log_is_read_in_the_order_in_which_it_was_told(house: House) -> None:
    await house.log(7, orders=3)
    first = await house.list_events(ListEventsQuery(actor=operator(), limit=5))
    assert ([event.number for event in first.events], first.at_end) == ([1, 2, 3, 4, 5], False)
    rest = await house.list_events(ListEventsQuery(actor=operator(), after=first.read_to, limit=5))
    assert ([event.number for event in rest.events], rest.at_end) == ([6, 7], True)
    assert msgspec.json.decode(rest.events[0].data)["type"] == "tradepost.order.told.v1"
    latest = await house.list_events(ListEventsQuery(actor=operator(), latest=2))
    assert [event.number for event in latest.events] == [6, 7]


async def test_the_log_is_read_from_an_instant_on(house: House) -> None:
    await house.log(2)
    house.clock.advance(timedelta(minutes=1))
    between = house.clock.now()
    await house.log(1)
    read = await house.list_events(ListEventsQuery(actor=operator(), since=between))
    assert [event.number for event in read.events] == [3]


async def test_a_page_that_finds_nothing_of_its_types_says_how_far_it_looked(house: House) -> None:
    for _ in range(6):
        await house.record(*(Kept(occurred_at=NOW) for _ in range(200)))
    await house.record(Told(occurred_at=NOW))
    await house.deliver()
    query = ListEventsQuery(actor=operator(), types=("tradepost.order.*",))
    read = await house.list_events(query)
    assert (read.events, read.read_to, read.at_end) == ((), 1_000, False)
    read = await house.list_events(msgspec.structs.replace(query, after=read.read_to))
    assert ([event.number for event in read.events], read.at_end) == ([1_201], True)


async def test_what_may_not_leave_the_shop_is_shown_to_its_operator_alone(house: House) -> None:
    await house.record(Told(occurred_at=NOW), Kept(occurred_at=NOW))
    await house.deliver()
    assert len((await house.list_events(ListEventsQuery(actor=operator()))).events) == 2
    (seen,) = (await house.list_events(ListEventsQuery(actor=SUPPORT))).events
    assert seen.type == "tradepost.order.told.v1"
    get_event = GetEvent(house.backend.event_log)
    assert (await get_event(GetEventQuery(actor=operator(), event_id="order_1.1.1"))).type == "acme.kept.v1"
    for event_id in ("order_1.1.1", "order_9.1.0"):
        with pytest.raises(TradepostError, match=r"event.not_found"):
            await get_event(GetEventQuery(actor=SUPPORT, event_id=event_id))
    with pytest.raises(TradepostError, match=r"events.types_invalid"):
        await house.list_events(ListEventsQuery(actor=SUPPORT, types=("acme.*",)))


async def test_a_replay_gives_a_consumer_what_it_has_not_taken_and_no_more(house: House) -> None:
    await house.log(5, orders=2)
    taken = list(house.taken)
    await house.backend.transactions.run(lambda tx: tx.inbox.forget("tally", taken[:2]))
    assert await house.replay() == 2
    await house.retry()
    assert sorted(house.taken) == sorted([*taken, *taken[:2]])
    assert await house.replay() == 0


async def test_a_replay_of_everything_gives_it_once_more_in_order(house: House) -> None:
    await house.log(450, orders=3)
    before = list(house.taken)
    seen: list[int] = []
    assert await house.replay(again=True, progress=seen.append) == 450
    assert await house.replay(again=True) == 450  # as after a kill: what is parked stays as it is
    await house.retry()
    again = house.taken[len(before) :]
    assert len(again) == 450
    for order in ("order_0", "order_1", "order_2"):
        of_it = [each for each in again if each.startswith(f"{order}.")]
        assert of_it == [each for each in before if each.startswith(f"{order}.")]
    assert sum(seen) == 450


async def test_what_happens_during_a_replay_comes_after_it(house: House) -> None:
    await house.log(3)
    await house.replay(again=True)
    await house.log(1)
    assert len(house.taken) == 3  # the new one waits behind those of its order
    await house.retry()
    assert house.taken[3:] == [f"order_0.{version}.0" for version in (1, 2, 3, 4)]


async def test_a_replay_ends_where_the_log_ended_when_it_began(house: House) -> None:
    await house.log(250)
    went_on = False

    async def publish(messages: Sequence[Message]) -> None:
        nonlocal went_on
        published.extend(message.id for message in messages)
        if not went_on:
            went_on = True
            await house.log(10)

    published: list[str] = []
    command = PublishEventsAgainCommand(actor=operator(), since=LONG_AGO)
    done = await PublishEventsAgain(house.backend.event_log, publish)(command)
    assert (done.replayed, done.up_to) == (250, 250)
    assert published == house.taken[:250]


async def test_a_replay_keeps_to_types_and_time(house: House) -> None:
    await house.log(2)
    assert await house.replay(again=True, types=("acme.*",)) == 0
    assert await house.replay(again=True, since=NOW + timedelta(hours=1)) == 0
    with pytest.raises(TradepostError, match=r"events.types_invalid"):
        await house.replay(types=("everything",))
    with pytest.raises(TradepostError, match=r"consumer.not_found"):
        await house.replay(consumer="nobody")


async def test_dead_letters_are_seen_with_what_went_wrong_and_given_again(house: House) -> None:
    house.broken = True
    await house.log(2, orders=2)
    listed = await ListParked(house.backend.parked_views)(ListParkedQuery(actor=operator()))
    assert {item.message_id for item in listed.items} == {"order_0.1.0", "order_1.1.0"}
    get_parked = GetParked(house.backend.parked_views)
    one = await get_parked(GetParkedQuery(actor=SUPPORT, consumer="tally", message_id="order_0.1.0"))
    assert one.failures == 1
    assert one.retry_at is None
    assert "ValueError: out of order" in (one.error or "")
    assert "in _take" in (one.error or "")

    house.broken = False
    redrive = RedriveDeadLetters(house.backend.transactions, house.clock)
    done = await redrive(RedriveDeadLettersCommand(actor=operator(), message_ids=("order_0.1.0",)))
    assert done.redriven == 1
    await house.retry()
    assert house.taken == ["order_0.1.0"]
    assert (await redrive(RedriveDeadLettersCommand(actor=operator(), consumer="tally"))).redriven == 1
    await house.retry()
    assert house.taken == ["order_0.1.0", "order_1.1.0"]
    which = ParkedFilter(dead=True)
    assert not (await ListParked(house.backend.parked_views)(ListParkedQuery(actor=operator(), which=which))).items
    with pytest.raises(TradepostError, match=r"parked_message.not_found"):
        await get_parked(GetParkedQuery(actor=SUPPORT, consumer="tally", message_id="order_0.1.0"))


async def test_which_dead_letters_are_meant_has_to_be_said(house: House) -> None:
    redrive = RedriveDeadLetters(house.backend.transactions, house.clock)
    with pytest.raises(TradepostError, match=r"dead_letters.none_named"):
        await redrive(RedriveDeadLettersCommand(actor=operator()))
    with pytest.raises(TradepostError, match=r"dead_letters.none_found"):
        await redrive(RedriveDeadLettersCommand(actor=operator(), message_ids=("order_9.1.0",)))
    assert (await redrive(RedriveDeadLettersCommand(actor=operator(), all_of_them=True))).redriven == 0


async def test_what_nobody_may_read_is_taken_out_of_errors(house: House) -> None:
    house.broken = True
    house.receive = ReceiveMessages(
        house.consumers,
        house.backend.transactions,
        house.backend.parked_views,
        house.clock,
        random=lambda: 0.0,
        conceal=lambda error: error.replace("out of order", "[hidden]"),
    )
    await house.log(1)
    waiting = ListParkedQuery(actor=operator(), which=ParkedFilter(dead=False))
    (item,) = (await ListParked(house.backend.parked_views)(waiting)).items
    assert "out of order" not in (item.error or "")
    assert "ValueError: [hidden]" in (item.error or "")
