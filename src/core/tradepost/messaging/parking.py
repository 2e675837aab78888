"""Messages a consumer could not take: they wait for it here, and hold up nobody else."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from tradepost.kernel.backoff import Backoff
from tradepost.kernel.errors import storable
from tradepost.kernel.events import Message

MAX_ERROR = 4_000
"""Characters kept of an error and its traceback."""


class Parked(msgspec.Struct, frozen=True, kw_only=True):
    """A message that waits for one consumer.

    With `retry_at` None it is a dead letter: set aside for people to look at. Otherwise it holds back the later messages
    of its aggregate, for this consumer alone; they are parked behind it, with no failures of their own. `token` grows
    each time it is claimed, so a late holder is told apart.
    """

    consumer: str
    message: Message
    parked_at: datetime
    retry_at: datetime | None
    failures: int = 0
    failed_at: datetime | None = None
    error: str | None = None
    token: int = 0

    @classmethod
    def behind(cls, consumer: str, message: Message, at: datetime) -> "Parked":
        """To be given as soon as what stands before it is out of the way."""
        return cls(consumer=consumer, message=message, parked_at=at, retry_at=at)

    def failed(
        self, error: str, *, at: datetime, backoff: Backoff, max_failures: int, random: Callable[[], float]
    ) -> "Parked":
        """After one more failure: later again, or dead."""
        failures = self.failures + 1
        dead = failures >= max_failures
        return msgspec.structs.replace(
            self,
            failures=failures,
            failed_at=at,
            retry_at=None if dead else at + backoff.pause(failures, random),
            error=storable(error[-MAX_ERROR:]),
        )


class ParkedView(msgspec.Struct, frozen=True, kw_only=True):
    """A parked message as people and programs look at it. `payload` is the event."""

    consumer: str
    message_id: str
    type: str
    aggregate_id: str
    sequence: int
    occurred_at: datetime
    parked_at: datetime
    retry_at: datetime | None
    failures: int
    failed_at: datetime | None
    error: str | None
    payload: msgspec.Raw


class ParkedFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which parked messages: dead letters, or those that will be tried again; of which consumer (None: any)."""

    dead: bool = True
    consumer: str | None = None
