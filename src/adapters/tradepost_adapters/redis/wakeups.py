"""Wake-ups between processes through Redis: what one commits, the others need not find by looking."""

import asyncio
import logging
import secrets
from contextlib import suppress
from typing import Any

from redis.asyncio import Redis

from tradepost.kernel.wakeups import LocalWakeUps, Topic
from tradepost_adapters.redis.connecting import AWAY, Listener, connect, end_if_cancelled

_log = logging.getLogger("tradepost.wakeups")


class RedisWakeUps:
    """`WakeUps` among all processes at one Redis, within one event loop.

    Hints for this process do not travel, and of each topic at most one leaves every `interval` seconds. While Redis is
    away only hints within the process work; it is tried again every `retry` seconds.
    """

    def __init__(
        self, redis: "Redis", *, prefix: str = "tradepost", interval: float = 0.01, retry: float = 1.0
    ) -> None:
        self._redis: Any = redis
        self._channel = f"{{{prefix}}}:wakeups"
        self._interval = interval
        self._retry = retry
        self._name = secrets.token_hex(8).encode()
        self._local = LocalWakeUps()
        self._to_send: set[Topic] = set()
        self._sending = asyncio.Event()
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    @classmethod
    def at(cls, url: str, *, timeout: float = 5.0) -> "RedisWakeUps":
        """Those at a URL (`redis://`, `rediss://`, `unix://`). Nothing is connected before `open`."""
        return cls(connect(url, timeout=timeout))

    def signal(self, topic: Topic, /) -> None:
        self._local.signal(topic)
        if self._tasks:
            self._to_send.add(topic)
            self._sending.set()

    async def wait(self, topic: Topic, seconds: float, /) -> None:
        await self._local.wait(topic, seconds)

    async def open(self) -> None:
        """Start to listen. Does not wait for the connection: hints are not worth failing for."""
        if not self._tasks:
            listener = Listener(
                self._redis,
                (self._channel,),
                self._heard,
                log=_log,
                away="Wake-ups between processes are off until Redis answers again.",
                pause=self._retry,
            )
            self._tasks = (asyncio.create_task(listener.run()), asyncio.create_task(self._keep_sending()))

    async def close(self) -> None:
        tasks, self._tasks = self._tasks, ()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(*AWAY):
            await self._redis.aclose()

    async def _keep_sending(self) -> None:
        while True:
            end_if_cancelled()
            await self._sending.wait()
            self._sending.clear()
            topics = sorted(self._to_send)
            self._to_send.clear()
            try:
                await self._redis.publish(self._channel, b" ".join((self._name, *(t.value.encode() for t in topics))))
            except AWAY:  # the listener says so, and the others look by themselves when they are back
                await asyncio.sleep(self._retry)
            await asyncio.sleep(self._interval)

    def _heard(self, call: bytes | None) -> None:
        if call is None:  # whatever was signaled while nobody listened
            for topic in Topic:
                self._local.signal(topic)
            return
        name, *topics = call.split(b" ")
        if name != self._name:
            for value in topics:
                with suppress(ValueError):  # a topic of a newer release
                    self._local.signal(Topic(value.decode()))
