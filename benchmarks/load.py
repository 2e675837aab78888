"""A small HTTP/1.1 load client: keep-alive connections, each sending its next request when the last is answered, or at
a pace that waits for no answer."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast


@dataclass
class Measured:
    """What one round saw. Latencies are in seconds."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else float("nan")


async def load(
    port: int, clients: int, seconds: float, request: Callable[[], bytes], *, rate: float | None = None
) -> Measured:
    """Send for so long, with so many clients. Every answer counts; a status that is no success is for the caller to judge.

    With a `rate` that many requests a second fall due, evenly, and whichever client is free sends the next. Their
    latencies count from when they were due, so a service that is slow for a moment is charged for all who waited.
    """
    measured = Measured(seconds)
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    due = iter(time.perf_counter, None) if rate is None else (started + n / rate for n in itertools.count())
    made = [
        (await loop.create_connection(lambda: _Client(request, measured, due, started + seconds), "127.0.0.1", port))[1]
        for _ in range(clients)
    ]
    await asyncio.gather(*(client.done for client in made))
    measured.seconds = time.perf_counter() - started
    return measured


class _Client(asyncio.Protocol):
    """One connection. Reads no more of an answer than its status and its length: the machine's time is the contestants'."""

    def __init__(self, request: Callable[[], bytes], measured: Measured, due: Iterator[float], end: float) -> None:
        self._request = request
        self._measured = measured
        self._due = due
        self._end = end
        self._received = b""
        self._sent = 0.0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop transports are none of asyncio.Transport, and write all the same
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        received = self._received = self._received + data
        split = received.find(b"\r\n\r\n")
        if split < 0 or len(received) < split + 4 + _length(received[: split + 2]):
            return
        self._received = b""
        self._measured.latencies.append(time.perf_counter() - self._sent)
        self._measured.statuses[int(received[9:12])] += 1
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("The service hung up."))

    def _next(self) -> None:
        self._sent = next(self._due)
        if self._sent >= self._end:
            self.done.set_result(None)
            self._transport.close()
            return
        early = self._sent - time.perf_counter()
        if early > 0:
            asyncio.get_running_loop().call_later(early, self._send)
        else:
            self._send()

    def _send(self) -> None:
        self._transport.write(self._request())


def _length(head: bytes) -> int:
    lowered = head.lower()
    start = lowered.index(b"content-length:") + 15
    return int(lowered[start : lowered.index(b"\r\n", start)])


def post(path: str, body: bytes, headers: str = "") -> bytes:
    """A whole request, ready to be sent."""
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return (head + headers + "\r\n").encode() + body
