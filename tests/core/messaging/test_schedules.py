"""Deliveries under random schedules: processes stall at any await, for a while or for ever, and clocks are set."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from tradepost.kernel.backoff import Backoff
from tradepost.kernel.clock import ManualClock
from tradepost.kernel.events import Message
from tradepost.messaging import Consumers, DeliverMessages, OnceInEffect, ReceiveMessages, RetryParked
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.memory.transaction import MemoryTransaction

SECOND = timedelta(seconds=1)
ORDERS, FACTS = 6, 12
_LONG = timedelta(hours=10)  # of real time: here nothing is late but by the clock


class World:
    """Several processes at one outbox, and what they did."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.clock = ManualClock()
        self.backend = MemoryBackend()
        self.effects: dict[str, list[int]] = defaultdict(list)
        self.calm = False
        self._gates: list[asyncio.Event] = []

    async def run(self, work: Callable[[MemoryTransaction], Coroutine[Any, Any, Any]], /) -> Any:
        """`Transactions`, with a chance to stall before and after the commit, and to find the database away."""
        await self.pause()
        if not self.calm and self.random.random() < 0.03:
            raise ConnectionError("the database is away")
        result = await self.backend.transactions.run(work)
        await self.pause()
        return result

    async def pause(self) -> None:
        for _ in range(self.random.randrange(4)):
            await asyncio.sleep(0)
        if not self.calm and self.random.random() < 0.04:
            self._gates.append(gate := asyncio.Event())
            await gate.wait()

    async def process(self, number: int) -> None:
        settings: Any = {
            "random": self.random.random,
            "backoff": Backoff(first=SECOND, ceiling=4 * SECOND),
            "patience": _LONG,
            "max_failures": 1_000,
        }
        told = Consumers(Effects(self))
        receive = ReceiveMessages(told, self, self.backend.parked_views, self.clock, **settings)
        deliver = DeliverMessages(
            self, receive, self.clock, relay=f"{number}", lease=20 * SECOND, batch=3, partitions=3
        )
        retry = RetryParked(told, self, self.clock, **settings)

        async def keep(once: Callable[[], Coroutine[Any, Any, int]]) -> None:
            while True:
                await asyncio.sleep(0)
                with suppress(ConnectionError):
                    await once()

        await asyncio.gather(keep(deliver), keep(retry))

    async def disturb(self, processes: dict[int, "asyncio.Task[None]"]) -> None:
        """Let time pass, set the clock, let the stalled go on, and end processes."""
        for _ in range(400):
            await asyncio.sleep(0)
            chance = self.random.random()
            if chance < 0.10:
                self.clock.advance(self.random.choice([1, 5, 30]) * SECOND)
            elif chance < 0.11:
                self.clock.advance(self.random.choice([-3600, 3600]) * SECOND)
            elif chance < 0.16 and self._gates:
                self._gates.pop(self.random.randrange(len(self._gates))).set()
            elif chance < 0.17:
                number = self.random.choice(list(processes))
                processes[number].cancel()
                processes[number] = asyncio.create_task(self.process(number))


class Effects:
    """A consumer whose effects are in the transaction."""

    name = "effects"
    types: frozenset[str] | None = None

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, messages: Sequence[Message], /) -> None:
        world, written = self._world, list[Message]()

        async def effect(tx: MemoryTransaction, message: Message) -> None:
            if not world.calm and world.random.random() < 0.1:
                raise ValueError("now and then")
            written.append(message)

        class Committed:
            async def run(self, work: Any, /) -> Any:
                await world.pause()
                result = await world.backend.transactions.run(work)
                for message in written:
                    world.effects[message.aggregate_id].append(message.sequence)
                await world.pause()
                return result

        await OnceInEffect("effects", None, effect, Committed(), world.clock)(messages)


@pytest.mark.parametrize("seed", range(60))
async def test_each_effect_happens_once_and_in_order_whatever_stalls_fails_or_ends(seed: int) -> None:
    world = World(seed)
    wanted = list(range(1, FACTS + 1))

    async def put(sequence: int) -> None:
        async def work(tx: MemoryTransaction) -> None:
            await tx.outbox.append([_fact(f"order_{n}", sequence, world.clock) for n in range(ORDERS)])

        await world.backend.transactions.run(work)

    processes = {number: asyncio.create_task(world.process(number)) for number in range(3)}
    disturbing = asyncio.create_task(world.disturb(processes))
    for sequence in wanted:
        await put(sequence)
        for _ in range(20):
            await asyncio.sleep(0)
    await disturbing
    world.calm = True
    survivor = asyncio.create_task(world.process(9))
    for _ in range(4_000):
        if sum(map(len, world.effects.values())) >= ORDERS * FACTS:
            break
        world.clock.advance(SECOND)
        await asyncio.sleep(0)
    for task in (survivor, *processes.values()):
        task.cancel()
    await asyncio.gather(survivor, *processes.values(), return_exceptions=True)
    assert dict(world.effects) == {f"order_{n}": wanted for n in range(ORDERS)}


def _fact(order: str, sequence: int, clock: ManualClock) -> Message:
    return Message(
        id=f"{order}.{sequence}",
        type="test.happened.v1",
        aggregate_id=order,
        sequence=sequence,
        payload=b"{}",
        occurred_at=clock.now(),
    )
