"""The broker within one process: what is published is received right there."""

import asyncio
from collections.abc import Sequence

from tradepost.kernel.events import Message
from tradepost.kernel.transactions import Unavailable
from tradepost.messaging.broker import Receive


class InProcessBroker:
    """`Broker` without a server. Messages stay in the outbox until every group has received them, so it keeps none.

    With several processes it is the relay that holds a partition whose process receives it.
    """

    def __init__(self) -> None:
        self._groups: dict[str, Receive] = {}

    async def publish(self, messages: Sequence[Message], /) -> None:
        """Raises what a group's `receive` raises, when others may have received them; and `Unavailable` while there is no
        group, as nothing is kept here."""
        if not self._groups:
            raise Unavailable("broker", "Nobody receives messages in this process yet.")
        for receive in tuple(self._groups.values()):
            await receive(messages)

    def subscribe(self, group: str, receive: Receive, /) -> "InProcessSubscription":
        """Raises ValueError when this process receives for the group already."""
        if group in self._groups:
            raise ValueError(f"This process receives for {group!r} already.")
        self._groups[group] = receive
        return InProcessSubscription(self._groups, group)

    async def ping(self) -> None:
        """It is always there."""

    async def close(self) -> None:
        self._groups.clear()


class InProcessSubscription:
    """`Subscription`: it only waits for its end, the relays bring the messages."""

    def __init__(self, groups: dict[str, Receive], group: str) -> None:
        self._groups = groups
        self._group = group
        self._stop = asyncio.Event()

    async def run(self) -> None:
        await self._stop.wait()
        self._groups.pop(self._group, None)

    def stop(self) -> None:
        self._stop.set()
