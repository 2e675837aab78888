"""Messages through NATS JetStream. How order and nothing lost come about is told in `stream`."""

import asyncio
import re
from collections.abc import Iterable, Sequence

from nats.js import JetStreamContext, api

from tradepost.kernel.events import Message
from tradepost.messaging.broker import Receive
from tradepost.messaging.cloud_events import CONTENT_TYPE, to_cloud_event
from tradepost_adapters.nats.connection import AWAY, NatsAddress, NatsConnection, unavailable
from tradepost_adapters.nats.stream import EventStream
from tradepost_adapters.nats.subscription import NatsSubscription

LEASE = 5.0
"""Seconds after which what a silent process holds is given to another. One that works says so three times as often."""

PATIENCE = 120.0
"""Seconds after which a process that is still at the same messages is taken to hang."""

_AT_ONCE = 64  # aggregates published side by side
_ANSWER = 2.0  # seconds; while the servers choose a leader there is none
_GROUP = re.compile(r"[A-Za-z0-9_-]{1,40}")


class NatsBroker:
    """`Broker` on NATS JetStream, for one event loop."""

    def __init__(self, address: NatsAddress, source: str, *, lease: float = LEASE, patience: float = PATIENCE) -> None:
        self._connection = NatsConnection(address)
        self._stream = EventStream(address, lease=lease)
        self._source = source
        self._patience = patience
        self._slots = asyncio.Semaphore(_AT_ONCE)

    @classmethod
    def at(cls, url: str, source: str, *, lease: float = LEASE, patience: float = PATIENCE) -> "NatsBroker":
        """The broker at a URL (see `NatsAddress.of`), which may name several servers. `source` goes into each event.

        Raises ValueError for a URL that is none.
        """
        return cls(NatsAddress.of(url), source, lease=lease, patience=patience)

    async def publish(self, messages: Sequence[Message], /) -> None:
        """See `Broker.publish`. What comes again within five minutes is known by its id and kept once."""
        if not messages:
            return
        client = await self._connection.client()
        await self._stream.prepare(client)
        context = client.jetstream(timeout=_ANSWER)
        aggregates: dict[str, list[Message]] = {}
        for message in messages:
            aggregates.setdefault(message.aggregate_id, []).append(message)
        sent = await asyncio.gather(
            *(self._publish_in_order(context, its) for its in aggregates.values()), return_exceptions=True
        )
        for error in sent:
            if error is not None:
                self._stream.doubt()
                raise error

    def subscribe(self, group: str, receive: Receive, /) -> NatsSubscription:
        """See `Broker.subscribe`. Raises ValueError for a group whose name NATS does not take."""
        if _GROUP.fullmatch(group) is None:
            raise ValueError("A group has letters, digits, - and _ in its name, at most 40.")
        return NatsSubscription(self._connection, self._stream, group, receive, patience=self._patience)

    async def ping(self) -> None:
        """Ask for an answer. Raises `Unavailable` without one, and when the stream is not as it should be."""
        client = await self._connection.client()
        try:
            await client.flush(timeout=2)
            await client.jetstream(timeout=2).account_info()
        except AWAY as error:
            raise unavailable(error) from None

    async def close(self) -> None:
        await self._connection.close()

    async def _publish_in_order(self, context: JetStreamContext, messages: Iterable[Message]) -> None:
        """One after the other, the next only when the one before is kept.

        Sent at once, the first might be lost and the second kept, and the pass that repeats both would add the first
        behind the second.
        """
        async with self._slots:
            for message in messages:
                try:
                    await context.publish(
                        self._stream.subject(message.aggregate_id, message.type),
                        to_cloud_event(message, self._source),
                        stream=self._stream.name,
                        headers={api.Header.MSG_ID: message.id, "Content-Type": CONTENT_TYPE},
                    )
                except AWAY as error:
                    raise unavailable(error) from None
