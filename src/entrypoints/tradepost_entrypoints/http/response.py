"""A finished response: status, headers and bytes, sent in two ASGI messages."""

from typing import Any

from litestar.types import Receive, Scope, Send

Headers = list[tuple[bytes, bytes]]

JSON = b"application/json"
PROBLEM = b"application/problem+json"

# A body over the limit is answered at once; then up to this much of the rest is read and thrown away, so that the
# client gets to the answer instead of a reset connection.
_LINGER_BYTES = 8 << 20


class HttpResponse:
    """What a route answers with: an ASGI application, so that nothing serializes it a second time."""

    __slots__ = ("body", "headers", "linger", "status")

    def __init__(
        self, status: int, body: bytes = b"", headers: Headers | None = None, *, media_type: bytes | None = JSON
    ) -> None:
        self.status = status
        self.body = body
        self.headers: Headers = [] if headers is None else headers
        if media_type is not None:
            self.headers.append((b"content-type", media_type))
        if status not in (204, 304):
            self.headers.append((b"content-length", b"%d" % len(body)))
        self.linger = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.linger:
            self.headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": self.linger})
        if self.linger:
            await _discard(receive)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def to_asgi_response(self, *_: Any, **__: Any) -> "HttpResponse":
        """What Litestar calls on the answer of an exception handler; here it is finished already."""
        return self


async def _discard(receive: Receive) -> None:
    left = _LINGER_BYTES
    while left > 0:
        message = await receive()
        if message["type"] != "http.request" or not message.get("more_body", False):
            return
        left -= len(message["body"])
