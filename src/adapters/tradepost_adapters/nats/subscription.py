"""Receiving for one group in one process: asks for the messages of all partitions, and hands on what comes together."""

import asyncio
import logging
from collections import deque
from contextlib import suppress
from time import monotonic

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as Inbox
from nats.js import api

from tradepost.kernel.events import Message
from tradepost.kernel.transactions import Unavailable
from tradepost.messaging.broker import Receive
from tradepost.messaging.cloud_events import from_cloud_event
from tradepost.messaging.delivery import PARTITIONS
from tradepost_adapters.nats.connection import AWAY, NatsConnection, end_if_cancelled, unavailable
from tradepost_adapters.nats.stream import EventStream
from tradepost_adapters.nats.trimming import keep_trimming

_LANES = 2
"""Batches received side by side, so that a slow one does not hold all partitions up. They share none."""

_GATHER = 0.003  # seconds waited for more to come together
_ASK = 3.0  # seconds for which the server remembers that we want a partition's next message
_TICK = 0.25
_RETRY = 1.0
_ANSWER = 2.0
_REFUSED = (0.2, 0.5, 1.0, 2.0, 5.0)  # seconds until what was not taken is given again
_log = logging.getLogger(__name__)


class _Held:
    """A message in our hands. There is one of a partition at most: its next comes after its acknowledgement."""

    def __init__(self, partition: int, sequence: int, raw: Msg, message: Message) -> None:
        self.partition = partition
        self.sequence = sequence
        self.raw = raw
        self.message = message
        self.since = monotonic()


class NatsSubscription:
    """`Subscription` on JetStream. While NATS is away it waits, and goes on where it was."""

    def __init__(
        self, connection: NatsConnection, stream: EventStream, group: str, receive: Receive, *, patience: float
    ) -> None:
        self._connection = connection
        self._stream = stream
        self._group = group
        self._receive = receive
        self._patience = patience
        self._stop = asyncio.Event()
        stream.add_group(group)

    async def run(self) -> None:
        said = ""
        try:
            while not self._stop.is_set():
                end_if_cancelled()
                try:
                    client = await self._connection.client()
                    await self._stream.prepare(client)
                    said = ""
                    await _Session(client, self._stream, self._group, self._receive, self._patience).run(self._stop)
                except Unavailable as error:
                    if error.detail != said:
                        _log.warning("%s receives nothing: %s", self._group, error.detail)
                    said = error.detail
                    self._stream.doubt()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_RETRY):
                            await self._stop.wait()
        finally:
            self._stream.remove_group(self._group)

    def stop(self) -> None:
        self._stop.set()


class _Session:
    """Receiving over one client, until it is told to stop or the client is closed for good."""

    def __init__(self, client: Client, stream: EventStream, group: str, receive: Receive, patience: float) -> None:
        self._client = client
        self._stream = stream
        self._group = group
        self._receive = receive
        self._patience = patience
        self._lease = stream.lease(group)
        self._inbox = client.new_inbox()
        self._held: dict[int, _Held] = {}
        self._waiting: deque[_Held] = deque()
        self._asked = [0.0] * PARTITIONS  # until when the server remembers
        self._news = asyncio.Event()
        self._leaving = False
        self._missing = False
        self._busy: dict[int, float] = {}  # lanes that are at it, and since when
        self._acknowledging: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Raises `Unavailable` when the client can not go on."""
        try:
            inbox = await self._client.subscribe(f"{self._inbox}.*", cb=self._arrived)
        except AWAY as error:
            raise unavailable(error) from None
        keeper = asyncio.create_task(self._keep())
        lanes = [asyncio.create_task(self._lane(number)) for number in range(_LANES)]
        trimming = asyncio.create_task(keep_trimming(self._client, self._stream))
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({stopped, keeper, *lanes}, return_when=asyncio.FIRST_COMPLETED)
            await self._leave(inbox)
            await asyncio.gather(*lanes)
            await asyncio.gather(*self._acknowledging)
            if keeper.done():
                keeper.result()
        finally:
            tasks = (keeper, trimming, stopped, *lanes, *self._acknowledging)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._leave(inbox)
            for held in tuple(self._held.values()):
                await self._give_back(held, 0)

    # What the server sends

    async def _arrived(self, raw: Msg) -> None:
        if not raw.reply:
            await self._told(raw)
            return
        partition = self._stream.partition(raw.subject)
        sequence = raw.metadata.sequence.stream
        held = self._held.get(partition)
        if held is not None and held.sequence == sequence:
            held.raw = raw  # its lease ran out and it came back to us: the same work, acknowledged by its new name
            return
        try:
            message = from_cloud_event(raw.data)
        except msgspec.DecodeError:
            _log.error("Message %d of %s is no event, and passed over.", sequence, self._stream.name)
            with suppress(*AWAY):
                await raw.term()
            await self._ask(partition)
            return
        held = self._held[partition] = _Held(partition, sequence, raw, message)
        if self._leaving:
            await self._give_back(held, 0)
            return
        self._waiting.append(held)
        self._news.set()

    async def _told(self, raw: Msg) -> None:
        """A status: our request is over, with or without messages, or there is nobody to answer it."""
        partition = int(raw.subject.rpartition(".")[2])
        self._asked[partition] = 0.0
        if (raw.headers or {}).get(api.Header.STATUS) == api.StatusCode.REQUEST_TIMEOUT:
            if self._free(partition):
                await self._ask(partition)
        else:  # a consumer without a leader, or without anything: asked again with the next tick
            self._missing = True

    async def _ask(self, partition: int) -> None:
        """Ask for the next message of a partition, whenever there is one."""
        if self._leaving:
            return
        self._asked[partition] = monotonic() + _ASK + _TICK
        consumer = self._stream.consumer(self._group, partition)
        with suppress(*AWAY):  # asked again when the time is over
            await self._client.publish(
                f"$JS.API.CONSUMER.MSG.NEXT.{self._stream.name}.{consumer}",
                _REQUEST,
                reply=f"{self._inbox}.{partition}",
            )

    def _free(self, partition: int) -> bool:
        return partition not in self._held and not self._hangs()

    def _hangs(self) -> bool:
        """Whether all lanes have been at it for so long that others should get what comes."""
        return len(self._busy) == _LANES and max(self._busy.values()) < monotonic() - self._lease / 2

    # What goes on beside it

    async def _keep(self) -> None:
        """Ask where nothing was asked, and say of what we hold that we are at it. Raises `Unavailable` at the end."""
        reconnects = self._client.stats["reconnects"]
        said = looked = monotonic()
        while not self._client.is_closed:
            end_if_cancelled()
            now = monotonic()
            if self._client.stats["reconnects"] != reconnects:
                reconnects = self._client.stats["reconnects"]
                self._asked = [0.0] * PARTITIONS  # the server forgets with the connection
            for partition, until in enumerate(self._asked):
                if until <= now and self._free(partition):
                    await self._ask(partition)
            if now - said >= self._lease / 3:
                said = now
                await self._say_so()
            if self._missing and now - looked >= _RETRY:
                looked, self._missing = now, False
                self._stream.doubt()
                with suppress(Unavailable):  # a server is away: those who are left choose another
                    await self._stream.prepare(self._client)
            await asyncio.sleep(min(_TICK, self._lease / 6))
        raise unavailable("the connection is closed")

    async def _say_so(self) -> None:
        for held in tuple(self._held.values()):
            if monotonic() - held.since < self._patience:
                with suppress(*AWAY):
                    await held.raw.in_progress()

    # What is done with it

    async def _lane(self, number: int) -> None:
        while True:
            end_if_cancelled()
            while not self._waiting:
                if self._leaving:
                    return
                self._news.clear()
                await self._news.wait()
            await asyncio.sleep(_GATHER)
            batch = tuple(self._waiting)
            self._waiting.clear()
            if batch:
                self._busy[number] = monotonic()
                await self._deal_with(batch)
                del self._busy[number]

    async def _deal_with(self, batch: tuple[_Held, ...]) -> None:
        try:
            await self._receive([held.message for held in batch])
        except Exception as error:  # whatever it is: they come again
            _log.warning("%s did not take %d messages, which come again: %r", self._group, len(batch), error)
            for held in batch:
                tried = held.raw.metadata.num_delivered
                await self._give_back(held, _REFUSED[min(tried, len(_REFUSED)) - 1])
        else:
            for held in batch:
                task = asyncio.create_task(self._acknowledge(held.raw))
                self._acknowledging.add(task)
                task.add_done_callback(self._acknowledging.discard)
                await self._let_go(held)

    async def _acknowledge(self, raw: Msg) -> None:
        """Until the server says that it knows; otherwise the partition would stand still for a lease."""
        end = monotonic() + self._lease
        while monotonic() < end:
            try:
                await self._client.request(raw.reply, b"+ACK", timeout=_ANSWER)
            except AWAY:
                end_if_cancelled()
                await asyncio.sleep(_TICK)
            else:
                return

    async def _give_back(self, held: _Held, seconds: float) -> None:
        with suppress(*AWAY):
            await held.raw.nak(delay=seconds or None)
        await self._let_go(held)

    async def _let_go(self, held: _Held) -> None:
        if self._held.get(held.partition) is held:
            del self._held[held.partition]
        await self._ask(held.partition)

    async def _leave(self, inbox: Inbox) -> None:
        """Ask for nothing more, and give back what was not begun."""
        if self._leaving:
            return
        self._leaving = True
        with suppress(*AWAY):
            async with asyncio.timeout(_ANSWER):
                await inbox.drain()  # type: ignore[no-untyped-call]  # what is on its way arrives, and is given back
        while self._waiting:
            await self._give_back(self._waiting.popleft(), 0)
        self._news.set()


_REQUEST = msgspec.json.encode({"batch": 1, "expires": int(_ASK * 1e9)})
