"""Wake-ups between processes through NATS: core subjects, kept by nobody, at most every 10 ms."""

import asyncio
import logging
from contextlib import suppress

from nats.aio.client import Client
from nats.aio.msg import Msg

from tradepost.kernel.transactions import Unavailable
from tradepost.kernel.wakeups import LocalWakeUps, Topic
from tradepost_adapters.nats.connection import AWAY, NatsAddress, NatsConnection, end_if_cancelled

_LOOK = 5  # seconds between looks whether the connection is closed for good
_log = logging.getLogger(__name__)


class NatsWakeUps:
    """`WakeUps` among all processes at one NATS, within one event loop.

    Hints for this process do not travel. While NATS is away only those work, and it is looked for without end.
    """

    def __init__(self, address: NatsAddress, *, interval: float = 0.01, retry: float = 1.0) -> None:
        self._connection = NatsConnection(address, echo=False, on_return=self._signal_all)
        self._prefix = f"{address.name}.wakeups"
        self._interval = interval
        self._retry = retry
        self._local = LocalWakeUps()
        self._to_send: set[Topic] = set()
        self._sending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @classmethod
    def at(cls, url: str) -> "NatsWakeUps":
        """Those at a URL (see `NatsAddress.of`). Raises ValueError for one that is none."""
        return cls(NatsAddress.of(url))

    def signal(self, topic: Topic, /) -> None:
        self._local.signal(topic)
        if self._task is not None:
            self._to_send.add(topic)
            self._sending.set()

    async def wait(self, topic: Topic, seconds: float, /) -> None:
        await self._local.wait(topic, seconds)

    async def open(self) -> None:
        """Start to listen. Does not wait for the connection: hints are not worth failing for."""
        if self._task is None:
            self._task = asyncio.create_task(self._keep_connected(), name="tradepost wake-ups")

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self._connection.close()

    async def _keep_connected(self) -> None:
        while True:
            end_if_cancelled()
            try:
                await self._exchange(await self._connection.client())
            except (Unavailable, *AWAY) as error:
                _log.warning("Wake-ups between processes are off until NATS answers again: %s", error)
            await asyncio.sleep(self._retry)

    async def _exchange(self, client: Client) -> None:
        """Pass hints on and take others', until the connection is closed for good."""
        await client.subscribe(f"{self._prefix}.*", cb=self._heard)
        await client.flush(timeout=_LOOK)
        self._signal_all()
        while not client.is_closed:
            end_if_cancelled()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK):
                    await self._sending.wait()
            self._sending.clear()
            topics = tuple(self._to_send)
            self._to_send.clear()
            if client.is_connected:
                for topic in topics:
                    await client.publish(f"{self._prefix}.{topic.value}")
            await asyncio.sleep(self._interval)

    def _signal_all(self) -> None:
        """Whatever was signaled while nobody listened."""
        for topic in Topic:
            self._local.signal(topic)

    async def _heard(self, message: Msg) -> None:
        with suppress(ValueError):  # a topic of a newer release
            self._local.signal(Topic(message.subject.rpartition(".")[2]))
