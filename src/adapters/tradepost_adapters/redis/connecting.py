"""Connections to Redis (or Valkey), and listening to what is called out there."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

AWAY = (RedisError, OSError, asyncio.TimeoutError)
"""What is raised when Redis is away, or does not do what it is asked."""


def connect(url: str, *, timeout: float) -> "Redis":
    """A client for a URL (`redis://`, `rediss://`, `unix://`). Nothing is connected before it is used.

    It never says a thing twice by itself: what was read once may not be read again.
    """
    far: dict[str, Any] = (
        {} if url.startswith("unix:") else {"socket_keepalive": True}
    )  # a socket in a file takes no such option
    return Redis.from_url(
        url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=Retry(NoBackoff(), 0), **far
    )


def end_if_cancelled() -> None:
    """For every turn of a loop: before Python 3.12 `asyncio.wait_for`, which the client uses, can lose a cancellation."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


class Listener:
    """Tells `heard` what is published in channels; and None whenever it has begun to listen, as it may have missed some.

    While Redis is away it tries again every `pause` seconds, and `away` is said once in the log.
    """

    def __init__(
        self,
        redis: "Redis",
        channels: Sequence[str],
        heard: Callable[[bytes | None], None],
        *,
        log: logging.Logger,
        away: str,
        pause: float = 1.0,
        silence: float = 10.0,
    ) -> None:
        self._redis: Any = redis
        self._channels = channels
        self._heard = heard
        self._log = log
        self._away = away
        self._pause = pause
        self._silence = silence
        self._said = False

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                async with self._redis.pubsub() as channels:
                    await channels.subscribe(*self._channels)
                    await self._listen(channels)
            except AWAY as error:
                if not self._said:
                    self._said = True
                    self._log.warning("%s (%s)", self._away, type(error).__name__)
            end_if_cancelled()
            await asyncio.sleep(self._pause)

    async def _listen(self, channels: Any) -> None:
        asked = False
        while True:
            end_if_cancelled()
            message = await channels.get_message(timeout=self._silence)
            if message is None:
                # A connection whose other end has vanished is silent too; one that lives answers.
                if asked:
                    raise ConnectionError("Redis has not answered.")
                asked = True
                await channels.ping()
                continue
            asked = False
            if message["type"] == "message":
                self._heard(message["data"])
            elif message["type"] == "subscribe":
                self._said = False
                self._heard(None)
