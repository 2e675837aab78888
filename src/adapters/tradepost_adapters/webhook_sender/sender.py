"""`WebhookSender` over HTTP/1.1 (httpcore): one request to one checked address, one short answer, and hung up.

What an endpoint's owner could talk the service into is shut: no redirects are followed, no proxy of the environment is
used, cookies are not kept, nothing is unpacked, and of the answer only the beginning is read.
"""

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from datetime import timedelta
from time import perf_counter

import httpcore
import httpx

from tradepost.webhooks.ports import MAX_BODY, Answer, SendFailed
from tradepost_adapters.webhook_sender.addresses import AddressRules
from tradepost_adapters.webhook_sender.dialing import (
    AddressRefused,
    Connect,
    Dialer,
    NameUnknown,
    Resolve,
    SystemResolver,
    connect,
)
from tradepost_adapters.webhook_sender.targets import Target, UrlRefused, target_of

SECONDS = 20.0
"""For all of it: the look-up, connecting, TLS, sending, and the answer."""
_HEARD = ("content-type", "retry-after")


class HttpWebhookSender:
    """Sends to the public internet over TLS, and without TLS also to networks that are `allowed`, for development.

    `trust` replaces the usual certificate authorities; `resolve` and `connect` are for tests.
    """

    def __init__(
        self,
        allowed: Iterable[str] = (),
        *,
        seconds: float = SECONDS,
        trust: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
        connect: Connect = connect,
    ) -> None:
        self._rules = AddressRules(allowed)
        self._seconds = seconds
        self._trust = trust
        self._names = SystemResolver()
        self._resolve = resolve or self._names
        self._connect = connect

    async def send(self, url: str, headers: Mapping[str, str], body: bytes, /) -> Answer:
        started = perf_counter()
        try:
            target = target_of(url, self._rules)
            async with asyncio.timeout(self._seconds):
                status, heard, text = await self._exchange(target, headers, body)
        except Exception as error:
            code, sentence = self._failure(error)
            raise SendFailed(code, sentence, duration=_since(started)) from error
        return Answer(status=status, headers=heard, body=text, duration=_since(started))

    def allows_plain_http(self, url: str, /) -> bool:
        try:
            return not target_of(url, self._rules).tls
        except UrlRefused:
            return False

    async def close(self) -> None:
        """Let go of the threads that look names up."""
        self._names.close()

    async def _exchange(
        self, target: Target, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], str]:
        origin = httpcore.Origin(b"https" if target.tls else b"http", target.host.encode(), target.port)
        dialer = Dialer(target, self._rules, self._resolve, self._connect)
        request = httpcore.Request(
            "POST",
            httpcore.URL(scheme=origin.scheme, host=origin.host, port=origin.port, target=target.path.encode()),
            headers=_headers(target, headers, body),
            content=body,
        )
        connection = httpcore.AsyncHTTPConnection(
            origin, self._context() if target.tls else None, network_backend=dialer
        )
        try:
            response = await connection.handle_async_request(request)
            try:
                return response.status, _heard(response.headers), await _beginning(response)
            finally:
                await response.aclose()
        finally:
            await connection.aclose()

    def _failure(self, error: Exception) -> tuple[str, str]:
        """A code and a sentence for the log of deliveries. What is none of the failures of a call is raised."""
        match error:
            case UrlRefused():
                return "webhook.blocked_address", f"Nothing is sent to this URL: {error}."
            case AddressRefused():
                return "webhook.blocked_address", "The host leads to an address that nothing is sent to."
            case TimeoutError():
                return "webhook.timeout", f"There was no whole answer within {self._seconds:g} seconds."
            case NameUnknown():
                return "webhook.connection_failed", "The name of the host is not known."
            case httpcore.ConnectError() | httpcore.ConnectTimeout():
                reason = _cause(error)
                if isinstance(reason, ssl.SSLCertVerificationError):
                    return "webhook.tls_failed", f"The certificate of the host is not good: {reason.verify_message}."
                if reason is not None:
                    return "webhook.tls_failed", "The host does not speak TLS as it has to."
                return "webhook.connection_failed", "The host did not take the connection."
            case ssl.SSLError():  # a host that wants a certificate of ours says so only when it is read
                return "webhook.tls_failed", "The host ended TLS in the middle."
            case httpcore.NetworkError() | httpcore.RemoteProtocolError() | OSError():
                return "webhook.connection_failed", "The connection ended before there was a whole answer."
        raise error

    def _context(self) -> ssl.SSLContext:
        """Made once, when it is first needed: reading the authorities takes a while. `SSL_CERT_FILE` may name others."""
        if self._trust is None:
            self._trust = httpx.create_ssl_context()
        return self._trust


def _headers(target: Target, headers: Mapping[str, str], body: bytes) -> list[tuple[bytes, bytes]]:
    every = {
        "Host": target.authority,
        **headers,
        "Content-Length": str(len(body)),
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    return [(name.encode("ascii"), value.encode("ascii")) for name, value in every.items()]


def _heard(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """By name in lower case; of one that comes twice, the first."""
    heard: dict[str, str] = {}
    for raw, value in headers:
        name = raw.decode("latin-1").lower()
        if name in _HEARD:
            heard.setdefault(name, value.decode("latin-1"))
    return heard


async def _beginning(response: httpcore.Response) -> str:
    """As far as it is wanted: who answers more is not heard to the end. What is no text is shown as one all the same."""
    body = bytearray()
    async for chunk in response.aiter_stream():
        body += chunk
        if len(body) >= MAX_BODY:
            break
    return bytes(body[:MAX_BODY]).decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _since(started: float) -> timedelta:
    return timedelta(seconds=perf_counter() - started)


def _cause(error: BaseException | None) -> ssl.SSLError | None:
    """What was wrong with TLS, if that is what kept the connection from being made."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return error
        error = error.__cause__ or error.__context__
    return None
