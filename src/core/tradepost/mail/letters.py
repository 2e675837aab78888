"""Letters: what Tradepost has to say to people, by name, written when it is about to be sent.

A feature that writes letters registers who writes them, and in the transaction in which something happens (or in that of
a consumer who is told of it) calls `post`. What waits in the queue then is the letter's name and ids; whom it goes to,
what it says and the links in it are found out when it leaves, and are stored nowhere.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import msgspec

from tradepost.jobs.job import Job
from tradepost.jobs.ports import HasJobs
from tradepost.kernel.ids import TypeIds

KIND = "mail.send"
"""The kind of job that sends one letter."""

ATTEMPTS = 40
"""With the jobs' pauses that is about five hours: longer than most mail servers are away."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What a letter says, and to which address."""

    to: str
    subject: str
    text: str
    html: str | None = None

    def __repr__(self) -> str:
        return "Letter([hidden])"


Writer = Callable[[Mapping[str, str]], Awaitable[Letter | None]]
"""Writes a letter about these ids; None when there is nothing to say any more (the account is gone, the link too old)."""


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """What the queue holds of a letter: its name, the ids it is about, and what makes a second copy the same."""

    letter: str
    about: dict[str, str]
    message_id: str
    at: datetime


async def post(tx: HasJobs, letter: str, about: dict[str, str], *, ids: TypeIds, at: datetime) -> None:
    """Queue a letter, inside a transaction: it leaves if that is committed, and not otherwise."""
    job_id = ids.new("job")
    payload = msgspec.to_builtins(Posted(letter=letter, about=about, message_id=job_id, at=at))
    await tx.jobs.enqueue(Job.new(job_id, KIND, payload, now=at, max_attempts=ATTEMPTS))


class Letters:
    """Who writes which letter."""

    def __init__(self) -> None:
        self._writers: dict[str, Writer] = {}

    def add(self, name: str, writer: Writer) -> None:
        """Raises ValueError when somebody writes it already."""
        if name in self._writers:
            raise ValueError(f"The letter {name!r} has a writer already.")
        self._writers[name] = writer

    async def write(self, name: str, about: Mapping[str, str]) -> Letter | None:
        """Raises KeyError for a letter nobody writes here."""
        return await self._writers[name](about)
