"""What is known of one request while it is being answered. Made by the middleware, kept in the ASGI scope."""

from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from tradepost.kernel.access import GUEST, Actor
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost.users.client import Client
from tradepost_entrypoints.http.response import Headers

_KEY = "tradepost.call"
_ABORT = "tradepost.abort"
_STOPPING = "tradepost.stopping"


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
        "stopped",
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
        self.stopped: Callable[[], None] | None = None

    @property
    def method(self) -> str:
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        return str(self.scope["path"])

    def when_stopped(self, stop: Callable[[], None]) -> None:
        """Call this when the server is told to stop: an answer that does not end by itself ends then. At once, if it has
        been told so already."""
        if _STOPPING in self.scope:
            stop()
        self.stopped = stop

    def abort(self) -> None:
        """Hang up without another word, where the server can: what waits to be sent is thrown away."""
        abort = self.scope.get(_ABORT)
        if abort is not None:
            abort()

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


def connect(scope: MutableMapping[str, Any], abort: Callable[[], None]) -> None:
    """For a server: how the connection of this request is cut."""
    scope[_ABORT] = abort


def stop(scope: MutableMapping[str, Any]) -> None:
    """For a server that stops: tell the answer to this request to end."""
    scope[_STOPPING] = True
    call: Call | None = scope.get(_KEY)
    if call is not None and call.stopped is not None:
        call.stopped()
