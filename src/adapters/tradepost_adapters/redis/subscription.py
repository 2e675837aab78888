"""How a process receives from Redis Streams: hold partitions, read them, hand on, acknowledge."""

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

import msgspec

from tradepost.kernel.events import Message
from tradepost.messaging.broker import Receive
from tradepost.messaging.cloud_events import from_cloud_event
from tradepost.messaging.delivery import PARTITIONS
from tradepost_adapters.redis.connecting import AWAY, Listener, end_if_cancelled
from tradepost_adapters.redis.streams import Entry, Found, NoGroup, Streams

_SLOTS = 2  # batches under way at once, so that one slow consumer does not keep every partition waiting
_POLL = 1.0
_BEAT = 2.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_PAUSE_AWAY = 0.5

_log = logging.getLogger("tradepost.broker")


class Groups:
    """The groups of this process, and whether Redis knows them."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._unknown: set[str] = set()

    def add(self, group: str) -> None:
        self._unknown.add(group)

    async def found(self) -> None:
        """Have Redis know them all, from now on: what is published next is theirs."""
        for group in tuple(self._unknown):
            await self._streams.create(group, "$")
            self._unknown.discard(group)

    async def found_again(self, group: str) -> None:
        """Redis has lost the group, and so what was before; whatever is there is newer."""
        _log.error("Redis has lost the group %s: what it had not received is gone, unless it is replayed.", group)
        await self._streams.create(group, "0")


class _Partition:
    """One that this process holds. `due`: there may be something; `fresh`: all that was given is acknowledged."""

    __slots__ = ("begun", "due", "failures", "fresh", "leaving", "number", "paused_until", "term")

    def __init__(self, number: int) -> None:
        self.number = number
        self.term = 0
        self.due = True
        self.fresh = False
        self.begun: float | None = None  # since when messages of it are being read or received
        self.leaving = False
        self.failures = 0
        self.paused_until = 0.0

    def start_over(self) -> None:
        """Begin with the oldest that is not acknowledged, whatever was going on."""
        self.term += 1
        self.due, self.fresh = True, False

    def pause(self) -> None:
        self.start_over()
        self.paused_until = time.monotonic() + min(_FIRST_PAUSE * 2**self.failures, _LONGEST_PAUSE)
        self.failures = min(self.failures + 1, 10)


class RedisSubscription:
    """`Subscription` to Redis Streams.

    One loop reads what is due in the partitions held and starts receiving it; another sees to which are held. A
    partition that is being read or received is left alone by the first until that is over.
    """

    def __init__(
        self,
        streams: Streams,
        groups: Groups,
        group: str,
        receive: Receive,
        *,
        lease: float,
        patience: float,
        batch: int,
        trim_every: float,
    ) -> None:
        self._streams = streams
        self._groups = groups
        self._group = group
        self._receive = receive
        self._lease = lease
        self._patience = patience
        self._batch = batch
        self._trim_every = trim_every
        self._trimmed = time.monotonic()
        self._member = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(8)}"
        self._held: dict[int, _Partition] = {}
        self._under_way: dict[asyncio.Task[None], float] = {}  # since when
        self._look = asyncio.Event()  # for something to read
        self._share_now = asyncio.Event()
        self._stopping = asyncio.Event()
        self._group_is_lost = False
        self._away = False

    def stop(self) -> None:
        self._stopping.set()
        self._look.set()

    async def run(self) -> None:
        """Receive until `stop` is called; what is under way is finished and acknowledged."""
        listener = Listener(
            self._streams.redis,
            (self._streams.bell, self._streams.door(self._group)),
            self._heard,
            log=_log,
            away="Messages are looked for once a second, until the broker calls them out again.",
        )
        try:
            async with asyncio.TaskGroup() as loops:
                beside = [loops.create_task(listener.run()), loops.create_task(self._keep_sharing())]
                while not self._stopping.is_set():
                    await self._step()
                    end_if_cancelled()
                if self._under_way:
                    await asyncio.wait(self._under_way)
                for task in beside:
                    task.cancel()
        finally:
            for task in self._under_way:
                task.cancel()
        with suppress(*AWAY):  # then the lease ends by itself
            await self._streams.leave(self._group, self._member, self._held)

    async def _step(self) -> None:
        """Start receiving what there is, or wait for something."""
        self._look.clear()
        asked = self._ready()
        if asked and len(self._under_way) < _SLOTS and await self._read(asked):
            return
        try:
            async with asyncio.timeout(self._until_next_look()):
                await self._look.wait()
        except TimeoutError:
            for one in self._held.values():
                one.due = True

    def _ready(self) -> dict[int, _Partition]:
        now = time.monotonic()
        return {
            number: one
            for number, one in self._held.items()
            if one.due and one.begun is None and not one.leaving and one.paused_until <= now
        }

    def _until_next_look(self) -> float:
        now = time.monotonic()
        return min([_POLL, *(one.paused_until - now for one in self._held.values() if one.paused_until > now)])

    def _heard(self, call: bytes | None) -> None:
        """What was called out: partitions that were published to, or (nothing) that shares have changed."""
        if not call:  # what was called out while nobody listened may have been that, too
            self._share_now.set()
        if call == b"":
            return
        numbers = self._held if call is None else map(int, call.split(b","))
        for number in numbers:
            if (one := self._held.get(number)) is not None:
                one.due = True
                self._look.set()

    # Reading

    async def _read(self, asked: Mapping[int, _Partition]) -> bool:
        """Read partitions and start receiving what was found; whether there was anything."""
        now = time.monotonic()
        before = {number: (one.fresh, one.term) for number, one in asked.items()}
        for one in asked.values():
            # Should the answer get lost, Redis has given us messages that we do not know of: they come first then.
            one.begun, one.due, one.fresh = now, False, False
        batch: dict[_Partition, Sequence[Entry]] = {}
        try:
            fresh = {number: its[0] for number, its in before.items()}
            found = await self._streams.read(self._group, self._member, fresh, self._batch)
            self._is_back()
            for number, one in asked.items():
                batch |= self._take(one, found.get(number), *before[number])
        except NoGroup:
            self._group_is_lost = True
            self._share_now.set()
            for one in asked.values():
                one.pause()
        except AWAY as error:
            for one in asked.values():
                one.due = True
            await self._went_away(error)
        finally:
            for one in asked.values():
                if one not in batch:
                    one.begun = None
        if batch:
            task = asyncio.create_task(self._work(batch))
            self._under_way[task] = now
            task.add_done_callback(self._done)
        return bool(batch)

    def _take(
        self, one: _Partition, found: Found | None, was_fresh: bool, term: int
    ) -> dict[_Partition, Sequence[Entry]]:
        """Note what reading a partition has shown, and give its entries where there are any."""
        same = one.term == term
        if found is None:  # it is another's
            if self._held.get(one.number) is one:
                del self._held[one.number]
            self._share_now.set()
        elif found.entries is None:  # those before it filled the batch: it comes before them next time
            one.due, one.fresh = True, was_fresh and same
        else:
            one.fresh = found.new and same
            if found.entries:
                one.due = True
                if self._held.get(one.number) is one:
                    self._held[one.number] = self._held.pop(one.number)
                return {one: found.entries}
        return {}

    # Receiving

    async def _work(self, batch: Mapping[_Partition, Sequence[Entry]]) -> None:
        """Hand on what was read, and acknowledge it."""
        dealt_with = False
        try:
            messages = [message for its in batch.values() for entry in its if (message := _message(entry)) is not None]
            if messages:
                await self._receive(messages)
            dealt_with = True
            await self._acknowledge({one.number: [entry.id for entry in its] for one, its in batch.items()})
        except Exception as error:
            _log.warning("What group %s could not take is given to it again: %r", self._group, error)
        finally:
            for one in batch:
                one.begun = None
                if dealt_with:
                    one.failures = 0
                else:
                    one.pause()
                if one.leaving:
                    self._share_now.set()

    def _done(self, task: "asyncio.Task[None]") -> None:
        del self._under_way[task]
        self._look.set()

    async def _acknowledge(self, ids: Mapping[int, Sequence[bytes]]) -> None:
        """What was dealt with is acknowledged even where a partition is another's meanwhile."""
        while True:
            end_if_cancelled()
            try:
                return await self._streams.acknowledge(self._group, ids)
            except AWAY as error:
                if self._stopping.is_set():
                    return None
                await self._went_away(error)

    # Sharing

    async def _keep_sharing(self) -> None:
        """Hold what is ours by right, give up what is not, and forget what nobody wants any more."""
        joining = True
        while True:
            self._share_now.clear()
            try:
                await self._groups.found()
                if self._group_is_lost:
                    await self._groups.found_again(self._group)
                    self._group_is_lost = False
                await self._share(joining)
                joining = False
                if time.monotonic() - self._trimmed > self._trim_every:
                    self._trimmed = time.monotonic()
                    await self._streams.trim(tuple(self._held))
            except AWAY as error:
                await self._went_away(error)
            end_if_cancelled()
            with suppress(TimeoutError):
                async with asyncio.timeout(min(self._lease / 5, _BEAT)):
                    await self._share_now.wait()

    async def _share(self, joining: bool) -> None:
        since = time.monotonic() - self._patience
        stuck = {number for number, one in self._held.items() if one.begun is not None and one.begun < since}
        hangs = sum(begun < since for begun in self._under_way.values()) >= _SLOTS  # then it receives nothing at all
        unwanted = range(PARTITIONS) if hangs else stuck
        share = await self._streams.share(self._group, self._member, int(self._lease * 1000), unwanted)
        self._is_back()
        ours = {*share.kept, *share.taken}
        for number in set(self._held) - ours - stuck:
            del self._held[number]
        for number in ours:
            one = self._held.setdefault(number, _Partition(number))
            if number in share.taken:
                one.start_over()
        self._look.set()
        surplus = len(ours) - share.size
        await self._give_up(surplus)
        if joining and surplus < 0:
            await self._streams.call(self._group)

    async def _give_up(self, surplus: int) -> None:
        """Let go of so many partitions: idle ones now, others when their messages are dealt with."""
        idle_first = sorted(self._held.values(), key=lambda one: one.begun is not None)
        for place, one in enumerate(idle_first):
            one.leaving = place < surplus
        going = [one.number for one in idle_first if one.leaving and one.begun is None]
        for number in going:
            del self._held[number]
        await self._streams.release(self._group, self._member, going)

    # Redis itself

    async def _went_away(self, error: BaseException) -> None:
        if not self._away:
            self._away = True
            _log.warning("The broker is away (%s): group %s waits for it.", type(error).__name__, self._group)
        with suppress(TimeoutError):
            async with asyncio.timeout(_PAUSE_AWAY):
                await self._stopping.wait()

    def _is_back(self) -> None:
        if self._away:
            self._away = False
            _log.warning("The broker is back: group %s goes on.", self._group)


def _message(entry: Entry) -> Message | None:
    try:
        if entry.content is not None:
            return from_cloud_event(entry.content)
    except (msgspec.DecodeError, ValueError):
        pass
    _log.error("Entry %s is no event: it is passed over.", entry.id.decode())
    return None
