"""Following events: nothing is missed, nothing comes twice, and nobody sees what is not theirs."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from tests.core.streams.logs import PLACED, Log, Orders

from tradepost.kernel.access import GUEST, Actor, Permission, Role
from tradepost.kernel.errors import TradepostError
from tradepost.messaging.public import PUBLIC
from tradepost.streams import EventStream, FollowEvents, FollowEventsQuery, StreamLimits
from tradepost.users.tokens import InvalidToken

STAFF = Actor(id="user_staff", role=Role.SUPPORT)
ADA = Actor(id="user_ada", role=Role.CUSTOMER, customer_id="cus_ada")


class Desk:
    """A process with streams."""

    def __init__(self, **limits: Any) -> None:
        self.log, self.orders = Log(), Orders()
        self.follow = FollowEvents(
            self.log, self.orders, self.log.wakeups, leaving=PUBLIC, limits=StreamLimits(**limits)
        )

    async def open(self, actor: Actor = STAFF, after: int | None = None, **query: Any) -> EventStream:
        last = None if after is None else str(after)
        return await self.follow(FollowEventsQuery(actor=actor, last_event_id=last, **query))


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    yield desk
    await desk.follow.close()


async def numbers(stream: EventStream, count: int) -> list[int]:
    """Of the next so many events."""
    found: list[int] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            found += [event.number for event in await stream.more()]
    return found


async def test_a_stream_starts_at_the_present(desk: Desk) -> None:
    desk.log.write("order_ada_1", "order_ada_2")
    stream = await desk.open()
    desk.log.write("order_ada_3")
    assert stream.position == 2
    assert await numbers(stream, 1) == [3]


async def test_a_stream_that_resumes_gives_what_the_log_kept_and_then_what_happens(desk: Desk) -> None:
    desk.log.write(*["order_ada_1"] * 1000)
    stream = await desk.open(after=10)
    assert await numbers(stream, 990) == list(range(11, 1001))
    desk.log.write("order_ada_1", "order_ada_2")
    assert await numbers(stream, 2) == [1001, 1002]


async def test_streams_that_come_and_go_while_events_flow_miss_none_and_get_none_twice(desk: Desk) -> None:
    """Each resumes behind the last one it has seen, at whatever moment it was given up."""
    chance, stop = random.Random(7), asyncio.Event()

    async def write() -> None:
        for _ in range(400):
            desk.log.write(*["order_ada_1"] * chance.randint(1, 20))
            await asyncio.sleep(0)
        stop.set()

    async def follow(seen: list[int]) -> None:
        while not (stop.is_set() and seen and seen[-1] == len(desk.log.events)):
            stream = await desk.open(after=seen[-1] if seen else 0)
            for _ in range(chance.randint(1, 4)):
                seen += [event.number for event in await stream.more()]
                if seen[-1] == len(desk.log.events) and stop.is_set():
                    break
            stream.close()

    seen: Sequence[list[int]] = [[] for _ in range(5)]
    async with asyncio.timeout(20):
        await asyncio.gather(write(), *map(follow, seen))
    whole = list(range(1, len(desk.log.events) + 1))
    assert all(each == whole for each in seen)


async def test_the_log_is_read_once_for_all_who_follow(desk: Desk) -> None:
    streams = [await desk.open(Actor(id=f"user_{n}", role=Role.SUPPORT)) for n in range(20)]
    before = desk.log.reads
    desk.log.write("order_ada_1")
    for stream in streams:
        assert await numbers(stream, 1) == [1]
    assert desk.log.reads - before <= 3


async def test_a_customer_is_shown_their_own_orders_alone_from_wherever_they_resume(desk: Desk) -> None:
    desk.log.write("order_ada_1", "order_bob_1", "order_ada_2")
    desk.log.write("cus_ada", type="tradepost.customer.changed.v1")
    stream = await desk.open(ADA, after=0)
    assert await numbers(stream, 2) == [1, 3]
    desk.log.write("order_bob_1", "order_ada_1")
    assert await numbers(stream, 1) == [6]
    assert stream.position == 6


async def test_whose_orders_they_are_is_asked_once_for_each_order(desk: Desk) -> None:
    first, second = await desk.open(ADA), await desk.open(ADA)
    for _ in range(3):
        desk.log.write("order_ada_1", "order_bob_1")
        await numbers(first, 1)
        await numbers(second, 1)
    assert desk.orders.asked == [["order_ada_1", "order_bob_1"]]


async def test_what_is_about_users_is_told_to_nobody(desk: Desk) -> None:
    stream = await desk.open(after=0)
    desk.log.write("user_1", type="tradepost.user.link_issued.v1")
    desk.log.write("thing_1", type="acme.secret.found.v1")
    desk.log.write("order_ada_1")
    assert await numbers(stream, 1) == [3]


async def test_types_can_be_named_whole_or_by_how_they_begin(desk: Desk) -> None:
    whole = await desk.open(types=(PLACED,))
    beginning = await desk.open(types=("tradepost.order.*", "tradepost.tax_rate.*"))
    desk.log.write("prod_1", type="tradepost.product.created.v1")
    desk.log.write("order_ada_1", type="tradepost.order.canceled.v1")
    desk.log.write("order_ada_1", type=PLACED)
    assert await numbers(whole, 1) == [3]
    assert await numbers(beginning, 2) == [2, 3]


@pytest.mark.parametrize(
    "types", [("order",), ("tradepost.user.*",), ("x" * 101 + ".*",)], ids=["none", "user", "long"]
)
async def test_types_that_can_not_come_are_refused(desk: Desk, types: tuple[str, ...]) -> None:
    with pytest.raises(TradepostError, match=r"events\.types_invalid"):
        await desk.open(types=types)


@pytest.mark.parametrize("last", ["", "-1", "x", "1" * 19, "1.5"])
async def test_an_id_that_is_none_is_refused(desk: Desk, last: str) -> None:
    with pytest.raises(TradepostError, match=r"events\.last_event_id_invalid"):
        await desk.follow(FollowEventsQuery(actor=STAFF, last_event_id=last))


@pytest.mark.parametrize(
    ("actor", "code"),
    [
        (GUEST, "auth.required"),
        (Actor(id="user_clerk", role="clerk", permissions=frozenset({Permission.ORDERS_READ}), customer_id="cus_ada"),
         "auth.forbidden"),
        (Actor(id="key_1", permissions=frozenset({Permission.JOBS_READ})), "auth.scope_missing"),
    ],
    ids=["guest", "staff without the permission", "a key without the scope"],
)  # fmt: skip
async def test_who_may_not_follow_is_refused(desk: Desk, actor: Actor, code: str) -> None:
    with pytest.raises(TradepostError, match=code):
        await desk.open(actor)
    assert desk.follow.streams == ()


@pytest.mark.parametrize("after", [3, 99], ids=["forgotten", "ahead of the log"])
async def test_a_stream_that_can_not_go_on_says_so_and_starts_at_the_present(desk: Desk, after: int) -> None:
    desk.log.write(*["order_ada_1"] * 10)
    desk.log.forget(5)
    stream = await desk.open(after=after)
    assert (stream.missed, stream.position) == (True, 10)
    desk.log.write("order_ada_1")
    assert await numbers(stream, 1) == [11]


async def test_the_last_one_that_was_seen_may_be_forgotten(desk: Desk) -> None:
    desk.log.write(*["order_ada_1"] * 10)
    desk.log.forget(5)
    stream = await desk.open(after=5)
    assert not stream.missed
    assert await numbers(stream, 5) == [6, 7, 8, 9, 10]


async def test_a_customer_can_not_make_the_shop_read_all_of_a_long_log() -> None:
    desk = Desk(reach=100)
    desk.log.write(*["order_bob_1"] * 500)
    assert (await desk.open(ADA, after=399)).missed
    assert not (await desk.open(ADA, after=400)).missed
    assert not (await desk.open(STAFF, after=1)).missed
    await desk.follow.close()


async def test_what_is_forgotten_while_a_stream_reads_ends_it_and_is_told_to_whoever_resumes(desk: Desk) -> None:
    desk.log.write(*["order_ada_1"] * 1000)
    stream = await desk.open(after=0)
    seen = await numbers(stream, 1)
    desk.log.forget(900)
    with pytest.raises(TradepostError, match=r"events\.too_slow"):
        await numbers(stream, 1000)
    assert (await desk.open(after=seen[-1])).missed


async def test_a_stream_that_is_not_read_ends_and_loses_nothing_when_it_resumes() -> None:
    desk = Desk(room=50)
    slow, quick = await desk.open(), await desk.open()
    for _ in range(6):
        desk.log.write(*["order_ada_1"] * 10)
        await numbers(quick, 10)
    assert slow.ended.is_set()
    with pytest.raises(TradepostError, match=r"events\.too_slow"):
        await slow.more()
    resumed = await desk.open(after=slow.position)
    assert await numbers(resumed, 60) == list(range(1, 61))
    await desk.follow.close()


async def test_nobody_has_more_streams_open_than_allowed_and_closed_ones_do_not_count() -> None:
    desk = Desk(per_caller=2, streams=3)
    first, _second = await desk.open(ADA), await desk.open(ADA)
    with pytest.raises(TradepostError, match=r"events\.too_many_streams"):
        await desk.open(ADA)
    first.close()
    third, _fourth = await desk.open(ADA), await desk.open(STAFF)
    with pytest.raises(TradepostError, match=r"events\.streams_full"):
        await desk.open(Actor(id="user_more", role=Role.OWNER))
    del third
    await desk.open(Actor(id="user_more", role=Role.OWNER))
    await desk.follow.close()
    assert desk.follow.streams == ()


class Later:
    """Who asks at a later moment."""

    def __init__(self, actor: Actor) -> None:
        self.actor: Actor | TradepostError = actor
        self.asked = asyncio.Event()

    async def __call__(self) -> Actor:
        self.asked.set()
        if isinstance(self.actor, TradepostError):
            raise self.actor
        return self.actor


@pytest.mark.parametrize(
    ("becomes", "code"),
    [
        (Actor(id="user_ada", role=Role.CUSTOMER, customer_id="cus_other"), "events.access_changed"),
        (Actor(id="user_ada", role=Role.SUPPORT, customer_id="cus_ada"), "events.access_changed"),
        (Actor(id="user_ada", role="clerk", permissions=frozenset({Permission.STOCK_READ})), "auth.forbidden"),
        (GUEST, "auth.required"),
    ],
    ids=["another customer", "support", "a clerk", "nobody"],
)
async def test_a_stream_ends_when_its_reader_may_see_other_things(becomes: Actor, code: str) -> None:
    desk, later = Desk(recheck=timedelta(milliseconds=5)), Later(ADA)
    stream = await desk.open(ADA, again=later)
    reading = asyncio.create_task(stream.more())
    await asyncio.wait_for(later.asked.wait(), 10)
    assert not reading.done(), "nothing has changed"
    later.actor = becomes
    with pytest.raises(TradepostError, match=code):
        await asyncio.wait_for(reading, 10)
    assert desk.follow.streams == ()
    await desk.follow.close()


async def test_nothing_is_given_out_before_access_is_checked_when_that_is_due() -> None:
    desk, later = Desk(recheck=timedelta(0)), Later(ADA)
    stream = await desk.open(ADA, again=later)
    desk.log.write("order_ada_1")
    later.actor = InvalidToken()
    with pytest.raises(TradepostError, match=r"auth\.invalid"):
        await stream.more()
    await desk.follow.close()


async def test_a_stream_with_an_end_gives_what_there_is_and_ends(desk: Desk) -> None:
    desk.log.write(*["order_ada_1"] * 500)
    stream = await desk.open(after=0, seconds=0)
    assert [event.number async for event in stream] == list(range(1, 501))
    assert desk.follow.streams == ()


async def test_streams_end_when_the_process_does_and_can_be_opened_again(desk: Desk) -> None:
    stream = await desk.open()
    reading = asyncio.create_task(stream.more())
    await desk.follow.close()
    with pytest.raises(TradepostError, match=r"events\.closing"):
        await asyncio.wait_for(reading, 10)
    another = await desk.open()
    desk.log.write("order_ada_1")
    assert await numbers(another, 1) == [1]


async def test_a_log_that_can_not_be_read_for_a_while_loses_nothing() -> None:
    desk = Desk()
    stream = await desk.open()
    desk.log.broken = RuntimeError("gone")
    desk.log.write("order_ada_1")
    await asyncio.wait_for(desk.log.failed.wait(), 10)
    desk.log.broken = None
    desk.log.write("order_ada_2")
    assert await numbers(stream, 2) == [1, 2]
    await desk.follow.close()
