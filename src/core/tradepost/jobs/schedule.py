"""Recurring work."""

from datetime import datetime, timedelta
from typing import Any

import msgspec


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """A job of this kind every so often. At most one of a schedule is queued or running at a time.

    `name` is what the database knows it by: keep it. A new schedule is due at once.
    """

    name: str
    kind: str
    every: timedelta
    payload: dict[str, Any] = {}
    max_attempts: int = 3

    def __post_init__(self) -> None:
        if self.every < timedelta(seconds=1):
            raise ValueError(f"Schedule {self.name!r}: every is {self.every}; it must be at least a second.")

    @property
    def unique_key(self) -> str:
        return f"schedule:{self.name}"

    def next_after(self, due: datetime | None, now: datetime) -> tuple[bool, datetime]:
        """Whether it is due now, and when it is due next.

        Missed times count once, and the next keeps to the rhythm. A due time further ahead than `every` was set before
        the clock went back (or `every` was made shorter): it is brought nearer and fires neither now nor far too late.
        """
        if due is None:
            return True, now + self.every
        if due > now:
            return False, min(due, now + self.every)
        missed = (now - due) // self.every
        return True, due + (missed + 1) * self.every
