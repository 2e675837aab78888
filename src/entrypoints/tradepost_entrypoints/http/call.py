"""What is known of one request while it is being answered. Made by the middleware, kept in the ASGI scope."""

from collections.abc import Mapping
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from tradepost.kernel.access import GUEST, Actor
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost.users.client import Client
from tradepost_entrypoints.http.response import Headers

_KEY = "tradepost.call"


class Call:
    """One request: its id, headers, caller and clock. `code` is the problem it ended in, for the log."""

    __slots__ = (
        "actor",
        "client_address",
        "code",
        "fields",
        "headers",
        "key",
        "limits",
        "received_at",
        "request_id",
        "scheme",
        "scope",
        "sent_method",
        "started",
    )

    def __init__(
        self,
        scope: Mapping[str, Any],
        request_id: str,
        headers: dict[bytes, bytes],
        origin: tuple[str | None, str] = (None, "http"),
    ) -> None:
        self.scope = scope
        self.sent_method = str(scope["method"])  # HEAD is answered as GET
        self.request_id = request_id
        self.headers = headers
        self.client_address, self.scheme = origin  # as far as what is said of them can be believed
        self.received_at = datetime.now(UTC)
        self.started = perf_counter()
        self.actor: Actor = GUEST
        self.key: IdempotencyKey | None = None
        self.fields: tuple[str, ...] = ()  # what `?fields=` asks for; empty means everything
        self.code: str | None = None
        self.limits: Headers = []  # what the answer says of rate limits

    @property
    def method(self) -> str:
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        return str(self.scope["path"])

    def client(self) -> Client:
        """Where the request came from, as far as that can be believed."""
        agent = self.headers.get(b"user-agent")
        return Client.of(self.client_address, None if agent is None else agent.decode("latin-1"))


class ClientGone(Exception):
    """The client hung up before it had sent its body: nobody is left to answer."""


def bind(scope: Any, call: Call) -> None:
    """Put the call where the rest of this request finds it."""
    scope[_KEY] = call


def call_of(scope: Any) -> Call:
    """The call of this request."""
    call: Call = scope[_KEY]
    return call
