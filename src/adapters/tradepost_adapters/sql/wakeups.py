"""Wake-ups between processes through Postgres: LISTEN and NOTIFY on a connection of their own.

NOTIFY inside a transaction makes commits queue behind one lock, which cost two thirds of the orders a second. So hints
are collected and sent after the commit, here, at most every 10 ms.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Any

import asyncpg

from tradepost.kernel.wakeups import LocalWakeUps, Topic
from tradepost_adapters.sql.postgres_pool import AWAY, connect

_CHANNEL = "tradepost_wakeups"
_NOTIFY = "SELECT pg_notify($1, topic) FROM unnest($2::text[]) AS topic"
_log = logging.getLogger(__name__)


class PostgresWakeUps:
    """`WakeUps` among all processes on one Postgres database, within one event loop.

    Hints for this process do not travel. While the connection is lost only those work, and it is made again every
    `retry` seconds.
    """

    def __init__(self, url: str, *, interval: float = 0.01, retry: float = 1.0) -> None:
        self._url = url
        self._interval = interval
        self._retry = retry
        self._local = LocalWakeUps()
        self._to_send: set[Topic] = set()
        self._sending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

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

    async def _keep_connected(self) -> None:
        while True:
            try:
                connection = await connect(self._url, timeout=5)
                try:
                    await self._exchange(connection)
                finally:
                    connection.terminate()
            except (*AWAY, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _log.warning("Wake-ups between processes are off until Postgres answers again: %s", error)
            await asyncio.sleep(self._retry)

    async def _exchange(self, connection: "asyncpg.Connection[Any]") -> None:
        """Pass hints on and take others', until the connection is lost."""
        lost = asyncio.Event()

        def tell(_: object) -> None:
            lost.set()
            self._sending.set()

        connection.add_termination_listener(tell)
        await connection.add_listener(_CHANNEL, self._heard)
        for topic in Topic:  # whatever was signaled while nobody listened
            self._local.signal(topic)
        while not lost.is_set():
            await self._sending.wait()
            self._sending.clear()
            topics = [topic.value for topic in self._to_send]
            self._to_send.clear()
            if topics and not lost.is_set():
                await connection.execute(_NOTIFY, _CHANNEL, topics, timeout=5)
                await asyncio.sleep(self._interval)

    def _heard(self, connection: Any, sender: int, _channel: str, payload: object) -> None:
        if sender != connection.get_server_pid():
            with suppress(ValueError):  # a topic of a newer release
                self._local.signal(Topic(str(payload)))
