"""What every adapter of messaging keeps to."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Protocol

import pytest

from tradepost.kernel.backoff import Backoff
from tradepost.kernel.clock import ManualClock
from tradepost.kernel.errors import Invalid
from tradepost.kernel.events import Event, Message, event_type
from tradepost.kernel.transactions import Transactions
from tradepost.messaging.consumers import Consumer, Consumers, OnceInEffect
from tradepost.messaging.deliver_messages import DeliverMessages
from tradepost.messaging.delivery import PartitionLease, Term, Waiting, partition_of
from tradepost.messaging.log import EventLog
from tradepost.messaging.ports import HasDeliveries, HasInbox, HasOutbox, HasParking, ParkedViews
from tradepost.messaging.purge_messages import PurgeMessages
from tradepost.messaging.receive_messages import ReceiveMessages
from tradepost.messaging.retry_parked import RetryParked

LEASE = timedelta(seconds=30)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
_RETRIES: Any = {"random": lambda: 0.5, "backoff": Backoff(first=SECOND, jitter=0), "max_failures": 3}


class MessagingTx(HasOutbox, HasDeliveries, HasInbox, HasParking, Protocol):
    """What the suite writes with."""


class MessagingAdapter(Protocol):
    """An adapter under test, empty at the start of each test."""

    @property
    def transactions(self) -> Transactions[MessagingTx]: ...

    @property
    def parked_views(self) -> ParkedViews: ...

    @property
    def event_log(self) -> EventLog: ...


class Happened(Event, frozen=True, tag="test.happened.v1"):
    """A fact for the suite."""


class Recorder:
    """A consumer that remembers, fails when told to, and notices two messages of one aggregate at once."""

    name = "recorder"
    types: frozenset[str] | None = None

    def __init__(self) -> None:
        self.taken: dict[str, list[int]] = defaultdict(list)
        self.fails: set[str] = set()
        self.overlapped = False
        self._busy: set[str] = set()

    async def __call__(self, messages: Sequence[Message], /) -> None:
        aggregates = {message.aggregate_id for message in messages}
        self.overlapped |= not aggregates.isdisjoint(self._busy)
        self._busy |= aggregates
        try:
            await asyncio.sleep(0)
            if any(message.id in self.fails for message in messages):
                raise ValueError("poison")
            for message in messages:
                self.taken[message.aggregate_id].append(message.sequence)
        finally:
            self._busy -= aggregates


class Office:
    """An outbox with a clock of its own, and what the tests do with it."""

    def __init__(self, adapter: MessagingAdapter) -> None:
        self.clock = ManualClock()
        self.transactions = adapter.transactions
        self.parked = adapter.parked_views
        self.log = adapter.event_log
        self.recorder = Recorder()

    def message(self, aggregate_id: str, sequence: int = 1) -> Message:
        return Message(
            id=f"{aggregate_id}.{sequence}",
            type=event_type(Happened),
            aggregate_id=aggregate_id,
            sequence=sequence,
            payload=b'{"type":"test.happened.v1","who":"Zo\xc3\xab"}',
            occurred_at=self.clock.now(),
        )

    async def put(self, *messages: Message) -> None:
        async def work(tx: MessagingTx) -> None:
            await tx.outbox.append(messages)

        await self.transactions.run(work)

    def relay(self, *consumers: Consumer, name: str = "one", **more: Any) -> DeliverMessages:
        return DeliverMessages(self.transactions, self.receive(*consumers), self.clock, relay=name, lease=LEASE, **more)

    def receive(self, *consumers: Consumer) -> ReceiveMessages:
        return ReceiveMessages(self._told(consumers), self.transactions, self.parked, self.clock, **_RETRIES)

    def retry(self, *consumers: Consumer) -> RetryParked:
        return RetryParked(self._told(consumers), self.transactions, self.clock, **_RETRIES)

    def _told(self, consumers: Sequence[Consumer]) -> Consumers:
        return Consumers(*(consumers or (self.recorder,)))

    def term(self) -> Term:
        return Term.of(self.clock.now(), LEASE)

    async def lease(self, relay: str = "one", limit: int = 100) -> tuple[PartitionLease, ...]:
        async def work(tx: MessagingTx) -> tuple[PartitionLease, ...]:
            return await tx.deliveries.lease(relay, self.term(), limit)

        return await self.transactions.run(work)

    async def extend(self, leases: tuple[PartitionLease, ...], *, keep: bool = True) -> tuple[PartitionLease, ...]:
        async def work(tx: MessagingTx) -> tuple[PartitionLease, ...]:
            return await tx.deliveries.extend(leases, self.term().until if keep else None)

        return await self.transactions.run(work)

    async def waiting(self, leases: tuple[PartitionLease, ...], limit: int = 100) -> tuple[Waiting, ...]:
        async def work(tx: MessagingTx) -> tuple[Waiting, ...]:
            return await tx.deliveries.waiting(leases, limit)

        return await self.transactions.run(work)


class MessagingContract:
    """Bind it with a fixture `adapter` that gives a `MessagingAdapter`."""

    @pytest.fixture
    def office(self, adapter: MessagingAdapter) -> Office:
        return Office(adapter)

    async def test_a_message_comes_out_as_it_was_put_in(self, office: Office) -> None:
        wanted = office.message("order_1")
        await office.put(wanted)
        leases = await office.lease()
        assert [lease.partition for lease in leases] == [partition_of("order_1")]
        (found,) = await office.waiting(leases)
        assert (found.message, found.partition) == (wanted, leases[0].partition)

    async def test_a_message_is_put_in_with_its_transaction_or_not_at_all(self, office: Office) -> None:
        async def work(tx: MessagingTx) -> None:
            await tx.outbox.append((office.message("order_1"),))
            raise Invalid("test", "no")

        with pytest.raises(Invalid):
            await office.transactions.run(work)
        assert await office.lease() == ()

    async def test_what_was_delivered_is_not_delivered_again(self, office: Office) -> None:
        await office.put(*[office.message(f"order_{n}") for n in range(40)])
        deliver = office.relay()
        assert await deliver() + await deliver() + await deliver() == 40
        assert await deliver() == 0
        assert sorted(office.recorder.taken.values()) == [[1]] * 40

    async def test_messages_of_an_aggregate_leave_in_the_order_of_their_sequence(self, office: Office) -> None:
        for sequence in range(1, 6):
            await office.put(*[office.message(f"order_{n}", sequence) for n in range(10)])
        deliver = office.relay(batch=3)
        while await deliver():
            pass
        assert dict(office.recorder.taken) == {f"order_{n}": [1, 2, 3, 4, 5] for n in range(10)}

    async def test_relays_side_by_side_never_deliver_one_aggregate_at_once(self, office: Office) -> None:
        for sequence in range(1, 6):
            await office.put(*[office.message(f"order_{n}", sequence) for n in range(30)])
        relays = [office.relay(name=f"relay-{n}", batch=4, partitions=6) for n in range(4)]

        async def work(deliver: DeliverMessages) -> None:
            idle = 0
            while idle < 5:
                idle = 0 if await deliver() else idle + 1
                await asyncio.sleep(0.002)

        await asyncio.gather(*map(work, relays))
        assert not office.recorder.overlapped
        assert dict(office.recorder.taken) == {f"order_{n}": [1, 2, 3, 4, 5] for n in range(30)}

    async def test_nothing_is_noted_when_it_could_not_be_handed_on_and_it_comes_again(self, office: Office) -> None:
        await office.put(office.message("order_1"))

        async def away(messages: Sequence[Message], /) -> None:
            raise OSError("connection refused")

        with pytest.raises(OSError, match="refused"):
            await DeliverMessages(office.transactions, away, office.clock, relay="one")()
        assert await office.log.last() == 0
        assert await office.relay()() == 1

    async def test_a_message_that_is_never_taken_holds_up_its_own_partition_and_no_other(self, office: Office) -> None:
        await office.put(*[office.message(f"order_{n}") for n in range(200)])
        taken: set[str] = set()

        async def publish(messages: Sequence[Message], /) -> None:
            if any(message.id == "order_7.1" for message in messages):
                raise ValueError("too large")
            taken.update(message.aggregate_id for message in messages)

        deliver = DeliverMessages(office.transactions, publish, office.clock, relay="one")
        for _ in range(60):
            office.clock.advance(timedelta(milliseconds=1))
            with suppress(ValueError):
                await deliver()
        stuck = {f"order_{n}" for n in range(200) if partition_of(f"order_{n}") == partition_of("order_7")}
        assert taken == {f"order_{n}" for n in range(200)} - stuck

    async def test_a_clock_set_back_lengthens_no_lease(self, office: Office) -> None:
        await office.put(office.message("order_1"))
        assert await office.lease("silent") != ()
        office.clock.advance(-HOUR)
        assert await office.relay(name="two")() == 1

    async def test_a_leased_partition_is_given_to_nobody_else_until_it_is_given_back(self, office: Office) -> None:
        await office.put(office.message("order_1"))
        leases = await office.lease("one")
        assert await office.lease("two") == ()
        assert await office.extend(leases, keep=False) == leases
        assert len(await office.lease("two")) == 1

    async def test_many_lease_at_once_and_each_partition_goes_to_one(self, office: Office) -> None:
        await office.put(*[office.message(f"order_{n}") for n in range(100)])
        given = await asyncio.gather(*[office.lease(f"relay-{n}", limit=5) for n in range(8)])
        partitions = [lease.partition for leases in given for lease in leases]
        assert len(partitions) == len(set(partitions))
        assert partitions

    async def test_partitions_take_turns(self, office: Office) -> None:
        await office.put(*[office.message(f"order_{n}") for n in range(200)])
        served: list[int] = []
        for _ in range(8):
            leases = await office.lease(limit=4)
            served += [lease.partition for lease in leases]
            await office.extend(leases, keep=False)
            office.clock.advance(timedelta(milliseconds=1))
        assert sorted(served) == list(range(32))

    async def test_partitions_take_turns_also_after_a_clock_was_set_back(self, office: Office) -> None:
        await office.put(*[office.message(f"order_{n}") for n in range(200)])
        await office.extend(await office.lease(), keep=False)
        office.clock.advance(-HOUR)
        served: list[int] = []
        for _ in range(8):
            leases = await office.lease(limit=4)
            served += [lease.partition for lease in leases]
            await office.extend(leases, keep=False)
            office.clock.advance(timedelta(milliseconds=1))
        assert sorted(served) == list(range(32))

    async def test_a_lease_ends_by_itself_and_its_late_holder_is_told(self, office: Office) -> None:
        await office.put(office.message("order_1"))
        late = await office.lease("late")
        office.clock.advance(LEASE - SECOND)
        assert await office.extend(late) == late
        office.clock.advance(LEASE - SECOND)
        assert await office.lease("next") == ()
        office.clock.advance(SECOND)
        (lease,) = await office.lease("next")
        assert lease.token > late[0].token
        assert await office.extend(late) == ()
        assert await office.extend((lease,)) == (lease,)

    async def test_a_late_relay_notes_nothing(self, office: Office) -> None:
        await office.put(office.message("order_1"))
        arrived, go_on = asyncio.Event(), asyncio.Event()

        class Slow(Recorder):
            name = "slow"

            async def __call__(self, messages: Sequence[Message], /) -> None:
                arrived.set()
                await go_on.wait()

        late = asyncio.create_task(office.relay(Slow(), name="late")())
        await arrived.wait()
        office.clock.advance(LEASE)
        leases = await office.lease("next")
        go_on.set()
        await late
        assert len(await office.waiting(leases)) == 1

    async def test_an_effect_happens_once_however_often_its_message_comes(self, office: Office) -> None:
        message = office.message("order_1")

        async def echo(tx: MessagingTx, message: Message) -> None:
            await tx.outbox.append((office.message(f"echo_of_{message.id}"),))

        consumer = OnceInEffect("echo", [Happened], echo, office.transactions, office.clock)
        await asyncio.gather(*[consumer([message, message]) for _ in range(5)])
        await consumer([message])
        put_in = await office.waiting(await office.lease())
        assert [item.message.aggregate_id for item in put_in] == ["echo_of_order_1.1"]

    async def test_an_effect_that_fails_is_not_noted_as_dealt_with(self, office: Office) -> None:
        message = office.message("order_1")
        tries = 0

        async def fail_once(tx: MessagingTx, message: Message) -> None:
            nonlocal tries
            tries += 1
            if tries == 1:
                raise Invalid("test", "no")

        consumer = OnceInEffect("flaky", [Happened], fail_once, office.transactions, office.clock)
        with pytest.raises(Invalid):
            await consumer([message])
        await consumer([message])
        await consumer([message])
        assert tries == 2

    async def test_consumers_note_messages_each_for_itself(self, office: Office) -> None:
        now = office.clock.now()

        async def work(tx: MessagingTx) -> list[frozenset[str]]:
            inbox = tx.inbox
            return [
                await inbox.record("mail", ["order_1.1"], now),
                await inbox.record("mail", ["order_1.1", "order_1.2"], now),
                await inbox.record("cache", ["order_1.1"], now),
                await inbox.seen("cache", ["order_1.1", "order_1.2"]),
                await inbox.record("cache", [], now),
            ]

        first, second = frozenset({"order_1.1"}), frozenset({"order_1.2"})
        assert await office.transactions.run(work) == [first, second, first, first, frozenset()]

    async def test_a_consumer_takes_again_what_its_inbox_has_forgotten(self, office: Office) -> None:
        async def work(tx: MessagingTx) -> frozenset[str]:
            await tx.inbox.record("mail", ["order_1.1", "order_1.2"], office.clock.now())
            await tx.inbox.forget("mail", ["order_1.1"])
            return await tx.inbox.seen("mail", ["order_1.1", "order_1.2"])

        assert await office.transactions.run(work) == frozenset({"order_1.2"})

    async def test_many_record_the_same_in_any_order_and_each_is_new_to_one(self, office: Office) -> None:
        ids = [f"order_{n}.1" for n in range(20)]

        async def record(wanted: list[str]) -> frozenset[str]:
            async def work(tx: MessagingTx) -> frozenset[str]:
                return await tx.inbox.record("mail", wanted, office.clock.now())

            return await office.transactions.run(work)

        new = await asyncio.gather(record(ids), record(ids[::-1]), record(ids[10:] + ids[:10]))
        assert sorted(each for one in new for each in one) == sorted(ids)

    async def test_what_was_delivered_long_ago_is_forgotten_and_what_was_not_is_kept(self, office: Office) -> None:
        await office.put(office.message("order_1"))
        await office.relay()()
        await office.put(office.message("order_3"))
        purge = PurgeMessages(office.transactions, office.clock, keep=HOUR)
        assert await purge() == 0
        office.clock.advance(HOUR + SECOND)
        assert await purge() == 1
        assert [item.message.aggregate_id for item in await office.waiting(await office.lease())] == ["order_3"]

    async def test_notes_outlive_their_messages(self, office: Office) -> None:
        async def record(tx: MessagingTx) -> frozenset[str]:
            return await tx.inbox.record("mail", ["order_1.1"], office.clock.now())

        async def recorded_anew() -> bool:
            return bool(await office.transactions.run(record))

        assert await recorded_anew()
        purge = PurgeMessages(office.transactions, office.clock, keep=HOUR)
        office.clock.advance(2 * HOUR)
        await purge()
        assert not await recorded_anew()
        office.clock.advance(SECOND)
        await purge()
        assert await recorded_anew()
