"""The outermost layer, plain ASGI: request id, one log line, metrics, HEAD, and headers every response carries."""

import os
import re
from time import perf_counter
from typing import Any

from litestar.types import ASGIApp, Message, Receive, Send

from tradepost_entrypoints.http.call import Call, ClientGone, bind
from tradepost_entrypoints.http.edge import Edge
from tradepost_entrypoints.http.heads import unfit
from tradepost_entrypoints.http.middleware.metrics import Metrics
from tradepost_entrypoints.http.response import Headers
from tradepost_entrypoints.logs import EventLog, redact_path, redact_query

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
# For those who came by https only: said over http it means nothing (RFC 6797, section 7.2).
_SECURITY_HTTPS = [*_SECURITY, (b"strict-transport-security", b"max-age=31536000; includeSubDomains")]
# Nothing of the API is ever rendered; the pages that are bring a policy of their own.
_POLICY = (
    b"content-security-policy",
    b"default-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
)


class Front:
    """Wraps the whole application. `log` receives one event a request; None logs nothing."""

    def __init__(self, app: ASGIApp, metrics: Metrics, log: EventLog | None, edge: Edge) -> None:
        self._app = app
        self._metrics = metrics
        self._log = log
        self._origin = edge.proxies.origin
        self._cors = edge.cors
        self._shown = edge.shown

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        call = Call(scope, _request_id(headers), headers, self._origin(scope))
        bind(scope, call)
        head = scope["method"] == "HEAD"
        if head:
            # Whatever can be read can be asked about. A copy, because the server reads the method from its own scope.
            scope = {**scope, "method": "GET"}
            call.scope = scope
            call.sent_method = "HEAD"
        status, sent = 499, 0  # 499, as nginx logs it: the client went away before there was an answer

        async def finish(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._with_ours(message["headers"], call)
            elif message["type"] == "http.response.body":
                sent += len(message["body"])
                if head:
                    message["body"] = b""
            await send(message)

        self._metrics.begin()
        try:
            await self._answering(call)(scope, receive, finish)
        except ClientGone:
            pass
        finally:
            seconds = perf_counter() - call.started
            method = "HEAD" if head else call.method
            route = str(scope.get("path_template", "unmatched"))
            self._metrics.end(method, route, status, seconds)
            if self._log is not None:
                event = _event(call, scope, method, route, status, sent, seconds)
                event["client"] = self._shown(call.client_address)
                self._log(event)

    def _answering(self, call: Call) -> ASGIApp:
        """Who answers: the application, unless that can be told from the head alone."""
        refusal = unfit(call)
        if refusal is None and self._cors is not None:
            refusal = self._cors.preflight(call)
        return refusal or self._app

    def _with_ours(self, headers: Any, call: Call) -> Headers:
        security = _SECURITY_HTTPS if call.scheme == "https" else _SECURITY
        ours = [*headers, *security, *call.limits, (b"x-request-id", call.request_id.encode())]
        if self._cors is not None:
            ours += self._cors.headers(call)
        if not any(name == b"content-security-policy" for name, _ in headers):
            ours.append(_POLICY)
        return ours


def _request_id(headers: dict[bytes, bytes]) -> str:
    given = headers.get(b"x-request-id")
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given.decode()
    return os.urandom(16).hex()


def _event(call: Call, scope: Any, method: str, route: str, status: int, sent: int, seconds: float) -> dict[str, Any]:
    event = {
        "timestamp": call.received_at,
        "level": "error" if status >= 500 else "info",
        "event": "request",
        "request_id": call.request_id,
        "method": method,
        "route": route,
        "path": redact_path(call.path),
        "status": status,
        "duration_ms": round(seconds * 1000, 3),
        "bytes": sent,
        "actor": call.actor.id,
    }
    if scope["query_string"]:
        event["query"] = redact_query(scope["query_string"].decode("latin-1"))
    if call.code is not None:
        event["code"] = call.code
    return event
