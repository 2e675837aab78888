"""What every adapter keeps to about messages that a consumer could not take, and about the event log."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from datetime import timedelta

import pytest

from tradepost.kernel.events import Message
from tradepost.kernel.pages import PageRequest
from tradepost.messaging.consumers import OnceInEffect
from tradepost.messaging.delivery import Term, partition_of
from tradepost.messaging.log import LoggedEvent
from tradepost.messaging.parking import Parked, ParkedFilter
from tradepost_adapters.contracts.messaging import (
    HOUR,
    SECOND,
    MessagingAdapter,
    MessagingTx,
    Office,
    Recorder,
)


class ParkingContract:
    """Bind it with a fixture `adapter` that gives a `MessagingAdapter`."""

    @pytest.fixture
    def office(self, adapter: MessagingAdapter) -> Office:
        return Office(adapter)

    async def test_a_poison_message_holds_back_its_own_aggregate_only(self, office: Office) -> None:
        a, same = _two_in_one_partition()
        await office.put(office.message(a, 1), office.message(same, 1), office.message(a, 2), office.message(same, 2))
        office.recorder.fails = {f"{a}.1"}
        assert await office.relay()() == 4
        assert dict(office.recorder.taken) == {same: [1, 2]}
        await office.put(office.message(a, 3), office.message(same, 3))
        assert await office.relay()() == 2
        assert dict(office.recorder.taken) == {same: [1, 2, 3]}
        office.recorder.fails = set()
        office.clock.advance(SECOND)
        retry = office.retry()
        while await retry():
            pass
        assert office.recorder.taken[a] == [1, 2, 3]
        assert await office.parked.holding([a, same]) == frozenset()

    async def test_a_poison_message_holds_back_the_consumer_that_failed_and_no_other(self, office: Office) -> None:
        class Other(Recorder):
            name = "other"

        other = Other()
        office.recorder.fails = {"order_1.1"}
        await office.put(office.message("order_1", 1), office.message("order_1", 2))
        await office.relay(office.recorder, other)()
        assert (dict(office.recorder.taken), other.taken["order_1"]) == ({}, [1, 2])
        assert await office.parked.holding(["order_1"]) == frozenset({("recorder", "order_1")})

    async def test_a_failing_message_is_tried_again_after_growing_pauses_and_is_dead_in_the_end(
        self, office: Office
    ) -> None:
        await office.put(office.message("order_1", 1), office.message("order_1", 2))
        office.recorder.fails = {"order_1.1"}
        await office.relay()()
        retry = office.retry()
        for pause in (1, 2):
            office.clock.advance(pause * SECOND - timedelta(microseconds=1))
            assert await retry() == 0
            office.clock.advance(timedelta(microseconds=1))
            assert await retry() == 1
        assert await retry() == 1
        assert office.recorder.taken["order_1"] == [2]
        office.clock.advance(HOUR)
        assert await retry() == 0
        (dead,) = (await office.parked.page(ParkedFilter(), PageRequest())).items
        assert (dead.consumer, dead.message_id, dead.failures, dead.retry_at) == ("recorder", "order_1.1", 3, None)
        assert dead.error is not None
        assert "Traceback" in dead.error
        assert "ValueError: poison" in dead.error
        assert bytes(dead.payload) == office.message("order_1").payload
        assert await office.parked.get("recorder", "order_1.1") == dead
        assert await office.parked.get("recorder", "order_1.2") is None

    async def test_whatever_an_error_says_its_message_is_parked(self, office: Office) -> None:
        class Garbled(Recorder):
            async def __call__(self, messages: object, /) -> None:
                raise ValueError("x" * 10_000 + "no\x00good\ud800")  # such as a database refuses to keep

        await office.put(office.message("order_1"))
        assert await office.relay(Garbled())() == 1
        office.clock.advance(SECOND)
        assert await office.retry(Garbled())() == 1
        parked = await office.parked.get("recorder", "order_1.1")
        assert parked is not None
        assert (parked.failures, parked.error) == (2, f"{'x' * 3_991}no\N{REPLACEMENT CHARACTER}good?\n")

    async def test_dead_letters_are_given_again_when_a_person_says_so(self, office: Office) -> None:
        office.recorder.fails = {f"order_{n}.1" for n in range(3)}
        await office.put(*[office.message(f"order_{n}") for n in range(3)])
        await office.relay()()
        await self._until_dead(office)
        office.recorder.fails = set()
        assert await self._redrive(office, "somebody else", None) == 0
        assert await self._redrive(office, None, ["order_1.1"]) == 1
        assert await self._redrive(office, "recorder", ["order_1.1"]) == 0
        assert await office.retry()() == 1
        assert dict(office.recorder.taken) == {"order_1": [1]}
        assert await self._redrive(office, "recorder", None) == 2
        assert await office.retry()() == 2
        assert await self._redrive(office, None, None) == 0
        assert (await office.parked.page(ParkedFilter(), PageRequest())).items == ()

    async def test_what_is_parked_is_listed_by_consumer_the_latest_first(self, office: Office) -> None:
        for n in range(3):
            await self._park(office, Parked.behind("mail", office.message(f"order_{n}"), office.clock.now()))
            office.clock.advance(SECOND)
        await self._park(office, Parked.behind("cache", office.message("order_9"), office.clock.now()))
        waiting = ParkedFilter(dead=False, consumer="mail")
        first = await office.parked.page(waiting, PageRequest(limit=2))
        assert [one.aggregate_id for one in first.items] == ["order_2", "order_1"]
        rest = await office.parked.page(waiting, PageRequest(limit=2, cursor=first.next_cursor))
        assert [one.aggregate_id for one in rest.items] == ["order_0"]
        assert len((await office.parked.page(ParkedFilter(dead=False), PageRequest())).items) == 4

    async def test_a_clock_set_back_lengthens_no_pause(self, office: Office) -> None:
        await office.put(office.message("order_1", 1), office.message("order_1", 2))
        office.recorder.fails = {"order_1.1"}
        await office.relay()()
        office.recorder.fails = set()
        office.clock.advance(-HOUR)
        retry = office.retry()
        assert [await retry(), await retry(), await retry()] == [1, 1, 0]
        assert office.recorder.taken["order_1"] == [1, 2]

    async def test_what_one_process_has_claimed_another_does_not_get_until_it_falls_silent(
        self, office: Office
    ) -> None:
        await self._park(office, Parked.behind("recorder", office.message("order_1"), office.clock.now()))
        (late,) = await self._claim(office)
        assert await self._claim(office) == ()
        office.clock.advance(30 * SECOND)
        (next_one,) = await self._claim(office)
        assert next_one.token > late.token

        async def too_late(tx: MessagingTx) -> None:
            await tx.parking.taken([late])
            await tx.parking.failed([late])

        await office.transactions.run(too_late)
        assert await self._claim(office) == ()
        assert len((await office.parked.page(ParkedFilter(dead=False), PageRequest())).items) == 1

    async def test_many_claim_at_once_and_each_message_goes_to_one(self, office: Office) -> None:
        for n in range(30):
            await self._park(office, Parked.behind("recorder", office.message(f"order_{n}"), office.clock.now()))
        given = await asyncio.gather(*[self._claim(office, 8) for _ in range(5)])
        ids = [each.message.id for one in given for each in one]
        assert len(ids) == len(set(ids))
        assert ids

    async def test_a_message_for_a_consumer_this_process_does_not_have_waits_for_one_that_has(
        self, office: Office
    ) -> None:
        await self._park(office, Parked.behind("newer", office.message("order_1"), office.clock.now()))
        assert await office.retry()() == 0

    async def test_a_message_is_parked_once(self, office: Office) -> None:
        parked = Parked.behind("recorder", office.message("order_1"), office.clock.now())
        await self._park(office, parked)
        await self._park(office, parked)
        assert len((await office.parked.page(ParkedFilter(dead=False), PageRequest())).items) == 1

    async def test_a_late_process_does_not_park_what_another_has_taken_meanwhile(self, office: Office) -> None:
        message = office.message("order_1")

        async def effect(tx: MessagingTx, _: Message) -> None: ...

        taking = OnceInEffect("recorder", None, effect, office.transactions, office.clock)

        class Late(Recorder):
            async def __call__(self, messages: object, /) -> None:
                await taking([message])  # by the other process, while this one was stalled
                raise ValueError("too late")

        await office.receive(Late())([message])
        assert (await office.parked.page(ParkedFilter(dead=False), PageRequest())).items == ()

    async def test_the_log_has_what_was_delivered_numbered_without_a_gap_in_the_order_of_each_aggregate(
        self, office: Office
    ) -> None:
        for sequence in range(1, 4):
            await office.put(*[office.message(f"order_{n}", sequence) for n in range(10)])
        assert await office.log.after(0, 100) == ()
        relays = [office.relay(name=f"relay-{n}", batch=4, partitions=6) for n in range(3)]
        while sum(await asyncio.gather(*[relay() for relay in relays])):
            pass
        logged = await office.log.after(0, 100)
        assert [one.number for one in logged] == list(range(1, 31))
        for n in range(10):
            of_one = [one.message.sequence for one in logged if one.message.aggregate_id == f"order_{n}"]
            assert of_one == [1, 2, 3]
        assert await office.log.last() == 30
        assert [one.number for one in await office.log.after(27, 2)] == [28, 29]
        assert logged[0].message == office.message(logged[0].message.aggregate_id, logged[0].message.sequence)

    async def test_the_log_is_entered_at_a_time_or_by_a_message(self, office: Office) -> None:
        await office.put(office.message("order_1"))
        await office.relay()()
        office.clock.advance(HOUR)
        between = office.clock.now()
        await office.put(office.message("order_2"))
        await office.relay()()
        assert await office.log.before(between - 2 * HOUR) == 0
        assert await office.log.before(between) == 1
        assert await office.log.before(between + HOUR) == 2
        found = await office.log.get("order_2.1")
        assert found == LoggedEvent(number=2, message=found.message, logged_at=between) if found else False
        assert await office.log.get("order_3.1") is None

    async def test_what_was_logged_since_a_time_is_all_behind_that_place_though_a_clock_was_set_back(
        self, office: Office
    ) -> None:
        await office.put(office.message("order_1"))
        await office.relay()()
        since = office.clock.now() - SECOND
        office.clock.advance(-HOUR)
        await office.put(office.message("order_2"))
        await office.relay()()
        assert await office.log.before(since) == 0
        assert await office.log.before(since - 2 * HOUR) == 0
        assert await office.log.before(since + HOUR) == 2

    async def test_no_number_becomes_visible_behind_the_back_of_a_reader(self, office: Office) -> None:
        """Whoever has read up to a number has read everything before it, whichever transaction is slow."""
        await office.put(*[office.message(f"order_{n}") for n in range(200)])
        relays = [office.relay(name=f"relay-{n}", batch=1, partitions=3) for n in range(6)]
        seen: list[int] = []

        async def read() -> None:
            while len(seen) < 200:
                seen.extend(one.number for one in await office.log.after(seen[-1] if seen else 0, 50))
                await asyncio.sleep(0)

        async def deliver() -> None:
            while sum(await asyncio.gather(*[relay() for relay in relays])):
                pass

        await asyncio.gather(asyncio.wait_for(read(), 30), deliver())
        assert seen == list(range(1, 201))

    async def _until_dead(self, office: Office) -> None:
        retry = office.retry()
        for _ in range(2):
            office.clock.advance(HOUR)
            while await retry():
                pass

    async def _redrive(self, office: Office, consumer: str | None, ids: list[str] | None) -> int:
        async def work(tx: MessagingTx) -> int:
            return await tx.parking.redrive(consumer, ids, office.clock.now())

        return await office.transactions.run(work)

    async def _park(self, office: Office, parked: Parked) -> None:
        async def work(tx: MessagingTx) -> None:
            await tx.parking.park([parked])

        await office.transactions.run(work)

    async def _claim(self, office: Office, limit: int = 10) -> tuple[Parked, ...]:
        term = Term.of(office.clock.now(), 20 * SECOND)

        async def work(tx: MessagingTx) -> tuple[Parked, ...]:
            return await tx.parking.claim(["recorder", "mail"], term, limit)

        return await office.transactions.run(work)


def _two_in_one_partition() -> tuple[str, str]:
    first = "order_0"
    wanted = partition_of(first)
    return first, next(name for n in range(1, 10_000) if partition_of(name := f"order_{n}") == wanted)
