"""uvicorn's HTTP/1.1 over httptools, which reads heads of any length into memory; this one stops."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

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
