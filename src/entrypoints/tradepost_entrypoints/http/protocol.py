"""uvicorn's HTTP/1.1 over httptools, which reads heads of any length into memory; this one stops. It also tells answers
that do not end by themselves when the server stops, and lets them hang up on clients that do not read."""

from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tradepost_entrypoints.http.call import connect, stop

_MOST = 64 << 10
"""Bytes of a head that has not ended. One that has is held to the limits of `heads`, which are lower."""
_ANSWER = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 38\r\n"
    b"connection: close\r\n\r\nThe head of the request is too large.\n"
)


class BoundedHttp(HttpToolsProtocol):
    """For `uvicorn --http tradepost_entrypoints.http.protocol:BoundedHttp`, which `tradepost serve` uses by itself."""

    _unfinished = 0  # bytes of the head being read

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # Between requests, and while a body arrives, there is no head to wait for.
        if self._unfinished >= 0:
            self._unfinished += len(data)
            if self._unfinished > _MOST and not self.transport.is_closing():
                self.transport.write(_ANSWER)
                self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._unfinished = 0

    def on_headers_complete(self) -> None:
        self._unfinished = -1
        super().on_headers_complete()
        connect(cast(Any, self.scope), self.transport.abort)

    def shutdown(self) -> None:
        super().shutdown()
        if self.cycle is not None and not self.cycle.response_complete:
            stop(cast(Any, self.cycle.scope))
