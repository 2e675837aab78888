"""Server-sent events (HTML Standard, section 9.2): a response that goes on for as long as somebody reads it."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from litestar.types import Receive, Scope, Send

from tradepost.kernel.access import Actor
from tradepost.kernel.errors import TradepostError
from tradepost.messaging.cloud_events import CloudEvent, to_cloud_event
from tradepost.messaging.log import LoggedEvent
from tradepost.streams.errors import StreamsClosing
from tradepost.streams.event_stream import EventStream
from tradepost_entrypoints.http.call import Call
from tradepost_entrypoints.http.envelope import Answer
from tradepost_entrypoints.http.middleware.metrics import Metrics
from tradepost_entrypoints.http.response import Headers, HttpResponse

MEDIA_TYPE = "text/event-stream"
RETRY = 3_000
"""Milliseconds after which a browser that was cut off comes back."""

_GRACE = 1.0  # seconds a client gets to take what was begun, once its stream has ended
_REMEMBERED = 1_000
_HEADERS: Headers = [
    (b"content-type", MEDIA_TYPE.encode()),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx and those like it would collect events before they pass them on
]
_log = logging.getLogger("tradepost.http")


class EventWriter:
    """Writes events as every stream of this process sends them, each once. `source` is what CloudEvents call the shop,
    `heartbeat` after how many seconds of silence a sign of life is sent, `again` who is asking at a later moment."""

    def __init__(self, source: str, heartbeat: float, again: Callable[[Call], Awaitable[Actor]]) -> None:
        self.heartbeat = heartbeat
        self.again = again
        self._source = source
        self._written: OrderedDict[int, bytes] = OrderedDict()

    def write(self, events: Sequence[LoggedEvent]) -> bytes:
        return b"".join(map(self._write, events))

    def _write(self, event: LoggedEvent) -> bytes:
        written = self._written.get(event.number)
        if written is None:
            data = to_cloud_event(event.message, self._source).replace(b"\r", b" ").replace(b"\n", b" ")
            written = b"id: %d\nevent: %s\ndata: %s\n\n" % (event.number, event.message.type.encode(), data)
            self._written[event.number] = written
            if len(self._written) > _REMEMBERED:
                self._written.popitem(last=False)
        return written


class Events(Answer[CloudEvent]):
    """The events of a stream, as they come. `DATA` is what each one's data is."""

    DATA = CloudEvent

    def __init__(self, stream: EventStream, writer: EventWriter, metrics: Metrics) -> None:
        self._stream = stream
        self._writer = writer
        self._metrics = metrics

    def respond(self, call: Call) -> HttpResponse:
        return StreamResponse(call, self._stream, self._writer, self._metrics)


class StreamResponse(HttpResponse):
    """Sends what the stream gives, as fast as the client reads, until one of them ends."""

    __slots__ = ("_call", "_metrics", "_stream", "_writer")

    def __init__(self, call: Call, stream: EventStream, writer: EventWriter, metrics: Metrics) -> None:
        super().__init__(200, headers=[*_HEADERS], media_type=None)
        self.headers = [header for header in self.headers if header[0] != b"content-length"]
        self._call = call
        self._stream = stream
        self._writer = writer
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._metrics.streams.inc()
        try:
            await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
            if self._call.sent_method == "HEAD":
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            else:
                await self._stream_to(receive, send)
        finally:
            self._stream.close()
            self._metrics.streams.dec()

    async def _stream_to(self, receive: Receive, send: Send) -> None:
        sending = asyncio.create_task(self._send_all(send))
        gone = asyncio.create_task(_disconnected(receive))
        ended = asyncio.create_task(self._stream.ended.wait())
        self._call.when_stopped(lambda: self._stream.end(StreamsClosing()))
        try:
            await asyncio.wait({sending, gone, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not sending.done() and not gone.done():
                await asyncio.wait({sending, gone}, timeout=_GRACE, return_when=asyncio.FIRST_COMPLETED)
            if not sending.done() and not gone.done():  # it does not read at all: nothing more will get through to it
                self._call.code = getattr(self._stream.reason, "code", None)
                self._call.abort()
                await asyncio.wait({gone}, timeout=_GRACE)
        finally:
            for task in (sending, gone, ended):
                task.cancel()
            await asyncio.gather(sending, gone, ended, return_exceptions=True)

    async def _send_all(self, send: Send) -> None:
        last = b""
        try:
            await self._send_events(send)
        except TradepostError as error:
            self._call.code = error.code
            last = b": %s\n\n" % error.code.encode()
        except Exception:
            _log.exception("A stream of events failed.")
            self._call.code = "internal"
        await send({"type": "http.response.body", "body": last, "more_body": False})

    async def _send_events(self, send: Send) -> None:
        stream, writer = self._stream, self._writer
        told = stream.position
        begin = b"retry: %d\nid: %d\n\n" % (RETRY, told)
        if stream.missed:
            begin += b"id: %d\nevent: reset\ndata: {}\n\n" % told
        await _send(send, begin)
        following = asyncio.create_task(stream.more())
        try:
            while True:
                done, _ = await asyncio.wait({following}, timeout=writer.heartbeat)
                if not done:
                    # With where one would resume, so that whoever is shown little does not fall behind the log.
                    news = b"id: %d\n" % stream.position if stream.position != told else b""
                    told = stream.position
                    await _send(send, b":\n%s\n" % news)
                    continue
                events = following.result()
                if not events:
                    if stream.position != told:
                        await _send(send, b"id: %d\n\n" % stream.position)
                    return
                told = events[-1].number
                await _send(send, writer.write(events))
                following = asyncio.create_task(stream.more())
        finally:
            following.cancel()


async def _send(send: Send, body: bytes) -> None:
    message: Any = {"type": "http.response.body", "body": body, "more_body": True}
    await send(message)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
