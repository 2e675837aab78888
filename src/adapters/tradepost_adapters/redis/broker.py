"""The broker in Redis Streams (Redis from 6.2, or Valkey), with order per aggregate among any number of processes.

See `streams` for what is kept there, and `subscription` for how a process receives.
"""

from collections.abc import Sequence

from redis.asyncio import Redis

from tradepost.kernel.events import Message
from tradepost.kernel.transactions import Unavailable
from tradepost.messaging.broker import Receive
from tradepost.messaging.cloud_events import to_cloud_event
from tradepost_adapters.redis.connecting import AWAY, connect
from tradepost_adapters.redis.streams import Streams
from tradepost_adapters.redis.subscription import Groups, RedisSubscription


class RedisBroker:
    """`Broker` in Redis Streams. It keeps what it is given as long as Redis does: see `appendfsync` there.

    A process that is silent for `lease` seconds loses its partitions, and so does one that is still at the same
    messages after `patience` seconds. `batch` messages at most are received at once.
    """

    def __init__(
        self,
        redis: "Redis",
        source: str,
        *,
        prefix: str = "tradepost",
        lease: float = 15.0,
        patience: float = 600.0,
        batch: int = 200,
        trim_every: float = 60.0,
    ) -> None:
        self._streams = Streams(redis, prefix)
        self._groups = Groups(self._streams)
        self._source = source
        self._lease = lease
        self._patience = patience
        self._batch = batch
        self._trim_every = trim_every

    @classmethod
    def at(cls, url: str, source: str, *, timeout: float = 5.0, lease: float = 15.0) -> "RedisBroker":
        """The broker at a URL (`redis://`, `rediss://`, `unix://`). Nothing is connected before it is used.

        `source` is what events say they come from, a URI.
        """
        return cls(connect(url, timeout=timeout), source, lease=lease)

    async def publish(self, messages: Sequence[Message], /) -> None:
        if not messages:
            return
        events = [(message.aggregate_id, to_cloud_event(message, self._source)) for message in messages]
        try:
            await self._groups.found()
            await self._streams.publish(events)
        except AWAY as error:
            raise _unavailable() from error

    def subscribe(self, group: str, receive: Receive, /) -> RedisSubscription:
        self._groups.add(group)
        return RedisSubscription(
            self._streams,
            self._groups,
            group,
            receive,
            lease=self._lease,
            patience=self._patience,
            batch=self._batch,
            trim_every=self._trim_every,
        )

    async def ping(self) -> None:
        """Raises `broker.unavailable` when Redis does not answer."""
        try:
            await self._streams.redis.ping()
        except AWAY as error:
            raise _unavailable() from error

    async def close(self) -> None:
        await self._streams.redis.aclose()


def _unavailable() -> Unavailable:
    return Unavailable("broker", "The broker does not answer, so messages wait in the outbox.")
