"""Kept-alive HTTP/1.1 connections to one server, for short JSON requests that may safely be sent twice.

httpx costs 1 to 5 ms of CPU a request here, the more the more connections are open, and this 0.1 to 0.2 ms (measured with
1 to 100 at once): with it a load test measures the shop. It knows what the gateway's server sends, which is
a status, a content length and a body.
"""

import asyncio
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

_CONNECT_SECONDS = 2.0
_NO_HEADERS: Mapping[str, str] = {}
_MAX_BODY = 16 * 1024 * 1024


class UnreadableAnswer(Exception):
    """The server said something that is not the HTTP expected of it."""


class Connections:
    """Connections to `url`, at most `limit`; those that are idle are used again, the last one first. One event loop."""

    def __init__(self, url: str, *, limit: int) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._tls else 80)
        self._prefix = parts.path.rstrip("/")
        self._netloc = parts.netloc.rpartition("@")[2]
        self._free = asyncio.Semaphore(limit)
        self._idle: list[_Connection] = []

    async def request(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] = _NO_HEADERS
    ) -> tuple[int, bytes]:
        """Send and return status and body. Raises OSError or EOFError for a lost connection, and `UnreadableAnswer`."""
        own = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        head = (
            f"{method} {self._prefix}{target} HTTP/1.1\r\nHost: {self._netloc}\r\n{own}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        message = head.encode("ascii") + body
        async with self._free:
            while self._idle:
                connection = self._idle.pop()
                if connection.is_open():
                    try:
                        return await self._exchange(connection, message)
                    except (OSError, EOFError):  # closed by the server while it was idle
                        break
            return await self._exchange(await self._connect(), message)

    async def close(self) -> None:
        """Close what is idle; what is under way closes when it ends."""
        while self._idle:
            self._idle.pop().close()

    async def _connect(self) -> "_Connection":
        async with asyncio.timeout(_CONNECT_SECONDS):
            return _Connection(*await asyncio.open_connection(self._host, self._port, ssl=self._tls))

    async def _exchange(self, connection: "_Connection", message: bytes) -> tuple[int, bytes]:
        try:
            answer = await connection.exchange(message)
        except BaseException:  # also when cancelled: an answer may still come, and must not meet the next request
            connection.close()
            raise
        self._idle.append(connection)
        return answer


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def is_open(self) -> bool:
        if self._reader.at_eof() or self._writer.is_closing():
            self.close()
            return False
        return True

    def close(self) -> None:
        self._writer.close()

    async def exchange(self, message: bytes) -> tuple[int, bytes]:
        self._writer.write(message)
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError as error:
            raise UnreadableAnswer from error
        status, length = _parse(head)
        return status, await self._reader.readexactly(length)


def _parse(head: bytes) -> tuple[int, int]:
    first, *lines = head.split(b"\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
    try:
        protocol, status = first.split(b" ")[:2]
        code, length = int(status), int(headers[b"content-length"])
    except (ValueError, KeyError) as error:
        raise UnreadableAnswer from error
    if not protocol.startswith(b"HTTP/1.1") or not 0 <= length <= _MAX_BODY:
        raise UnreadableAnswer
    return code, length
