"""One request and the beginning of its answer, over HTTP/1.1 (httpcore)."""

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from datetime import timedelta
from time import perf_counter

import httpcore

from tradepost.webhooks.ports import MAX_BODY, Answer, SendFailed
from tradepost_adapters.webhook_sender.addresses import AddressRules
from tradepost_adapters.webhook_sender.dialing import AddressRefused, Connect, Dialer, NameUnknown, connect
from tradepost_adapters.webhook_sender.names import Resolve
from tradepost_adapters.webhook_sender.targets import Target, UrlRefused, target_of

_HEARD = ("content-type", "retry-after")


class Exchange:
    """Posts, each time over a connection of its own, to what the rules permit."""

    def __init__(
        self,
        rules: AddressRules,
        resolve: Resolve,
        *,
        seconds: float,
        connect: Connect = connect,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._rules = rules
        self._resolve = resolve
        self._seconds = seconds
        self._connect = connect
        # The system's authorities (or those of SSL_CERT_FILE), and those that browsers trust.
        self._trust = trust or httpcore.default_ssl_context()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Raises `SendFailed`."""
        started = perf_counter()
        try:
            target = target_of(url, self._rules)
            async with asyncio.timeout(self._seconds):
                status, heard, text = await self._answer(target, headers, body)
        except Exception as error:
            code, sentence = self._failure(error)
            raise SendFailed(code, sentence, duration=_since(started)) from error
        return Answer(status=status, headers=heard, body=text, duration=_since(started))

    async def _answer(self, target: Target, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, str], str]:
        origin = httpcore.Origin(b"https" if target.tls else b"http", target.host.encode(), target.port)
        dialer = Dialer(target, self._rules, self._resolve, self._connect)
        request = httpcore.Request(
            "POST",
            httpcore.URL(scheme=origin.scheme, host=origin.host, port=origin.port, target=target.path.encode()),
            headers=_headers(target, headers, body),
            content=body,
        )
        connection = httpcore.AsyncHTTPConnection(origin, self._trust if target.tls else None, network_backend=dialer)
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
