"""Reads server-sent events as a browser does (HTML Standard, section 9.2.6), and shows what browsers keep to themselves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class Event:
    """A message that a page would see. `id` is where the browser would resume after it."""

    id: str
    type: str
    data: str


class Stream:
    """An open stream."""

    def __init__(self, response: httpx.Response, last_event_id: str) -> None:
        self.response = response
        self.last_event_id = last_event_id
        self.comments: list[str] = []
        self.retry: str | None = None
        self._lines = response.aiter_lines()

    async def block(self) -> Event | None:
        """Up to the next empty line: an event, or None where it held none. Raises StopAsyncIteration at the end."""
        kind, data = "message", []
        async for line in self._lines:
            if not line:
                return Event(self.last_event_id, kind, "\n".join(data)) if data else None
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if not field:
                self.comments.append(value)
            elif field == "data":
                data.append(value)
            elif field == "event":
                kind = value
            elif field == "id":
                self.last_event_id = value
            else:
                assert field == "retry", line
                self.retry = value
        raise StopAsyncIteration

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            try:
                event = await self.block()
            except StopAsyncIteration:
                return
            if event is not None:
                yield event

    async def take(self, count: int) -> list[Event]:
        """The next so many events."""
        taken: list[Event] = []
        while len(taken) < count:
            event = await self.block()
            if event is not None:
                taken.append(event)
        return taken

    async def rest(self) -> list[Event]:
        """All events until the server ends the stream."""
        return [event async for event in self]


@asynccontextmanager
async def stream(
    http: httpx.AsyncClient, path: str, *, headers: dict[str, str], last_event_id: str = "", **options: Any
) -> AsyncIterator[Stream]:
    """Open one, and wait for the first of what it says, which is where it starts."""
    sent = {**headers, "accept": "text/event-stream"}
    if last_event_id:
        sent["last-event-id"] = last_event_id
    async with http.stream("GET", path, headers=sent, **options) as response:
        assert response.status_code == 200, (response.status_code, await response.aread())
        opened = Stream(response, last_event_id)
        assert await opened.block() is None
        yield opened
