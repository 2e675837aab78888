"""What carries messages from the relays to those who consume."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from tradepost.kernel.events import Message

Receive = Callable[[Sequence[Message]], Awaitable[None]]
"""Takes messages in their order. When it returns they are dealt with and may be acknowledged; when it raises, not."""


class Subscription(Protocol):
    """The loop that receives for one group in this process."""

    async def run(self) -> None:
        """Receive until `stop` is called; what is under way is finished and acknowledged."""
        ...

    def stop(self) -> None: ...


class Broker(Protocol):
    """Keeps messages and gives each to every group that subscribes, at least once.

    What every adapter keeps to, so that order survives a process that dies or stalls: the messages of one aggregate are
    in one partition, a partition is received by one process of a group at a time, and whoever takes a partition over
    starts at its oldest message that is not acknowledged. A late former holder then does no harm: it repeats in order
    what the inbox knows already.
    """

    async def publish(self, messages: Sequence[Message], /) -> None:
        """Keep these, those of one aggregate in this order; returns when the broker has them all.

        Raises `Unavailable` when that is not certain. The caller then hands the same ones in again, so a broker may hold
        a message twice, and both copies have its id.
        """
        ...

    def subscribe(self, group: str, receive: Receive, /) -> Subscription:
        """Receive for a group from now on; a group that is new begins with what is published after this. What
        was published while there was no group at all is refused, or kept for the first.

        What a process did not acknowledge is given to another within 30 s of its death.
        """
        ...

    async def close(self) -> None: ...
