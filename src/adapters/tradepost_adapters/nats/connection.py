"""The connection to NATS: made when first needed, kept over the loss of a server, and never logging what the URL hides."""

import asyncio
import logging
import re
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec
from nats import errors
from nats.aio.client import Client

from tradepost.kernel.transactions import Unavailable

AWAY = (errors.Error, OSError, TimeoutError)
"""What nats-py raises when NATS is away, refuses us or does not answer in time."""

_PORT = 4222
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_MAX_REPLICAS = 5  # what JetStream allows
_log = logging.getLogger(__name__)


class NatsAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where NATS is, and what is Tradepost's there. Its text tells nobody the credentials.

    `name` begins the name of everything there, so that several shops can share a server. `replicas` is how many
    servers keep each message.
    """

    servers: tuple[str, ...]
    replicas: int
    name: str = "tradepost"
    user: str | None = None
    password: str | None = None
    token: str | None = None

    @classmethod
    def of(cls, url: str) -> "NatsAddress":
        """What a URL says: `nats://[user:password@]host:port[,host:port…][?replicas=3&name=tradepost]`.

        `tls://` encrypts; a user without a password is a token. Where three servers or more are named, three of them
        keep each message, otherwise one does. Raises ValueError with what is wrong, never with the URL.
        """
        listed, _, query = url.partition("?")
        scheme = listed.partition("://")[0]
        if scheme not in ("nats", "tls"):
            raise ValueError("It begins with nats:// or tls://.")
        options = dict(parse_qsl(query, keep_blank_values=True))
        if unknown := sorted(options.keys() - {"replicas", "name"}):
            raise ValueError(f"There is no {unknown[0]!r} in it, only replicas and name.")
        servers: list[str] = []
        credentials = ""
        for part in listed.split(","):
            before, at, place = part.removeprefix(f"{scheme}://").strip().rstrip("/").rpartition("@")
            credentials = before if at else credentials
            servers.append(f"{scheme}://{_host_and_port(place)}")
        first, colon, second = credentials.partition(":")
        return cls(
            servers=tuple(servers),
            replicas=_replicas(options.get("replicas"), len(servers)),
            name=_named(options.get("name", "tradepost")),
            user=unquote(first) if colon else None,
            password=unquote(second) if colon else None,
            token=unquote(first) if first and not colon else None,
        )

    def __repr__(self) -> str:
        return f"NatsAddress({', '.join(self.servers)})"


class NatsConnection:
    """One connection for one event loop. While a server is away it looks for another, for as long as it takes.

    Without `echo` it does not get what it sends itself. `on_return` is called when it was lost and is there again.
    """

    def __init__(
        self,
        address: NatsAddress,
        *,
        patience: float = 5.0,
        echo: bool = True,
        on_return: Callable[[], None] = lambda: None,
    ) -> None:
        self._address = address
        self._patience = patience
        self._echo = echo
        self._on_return = on_return
        self._client: Client | None = None
        self._lock = asyncio.Lock()
        self._back = asyncio.Event()
        self._last_error = ""

    async def client(self) -> Client:
        """The connected client. Raises `Unavailable` when there is no connection within the patience."""
        client = self._client
        if client is not None and client.is_connected:
            return client
        try:
            async with asyncio.timeout(self._patience), self._lock:
                client = self._client
                if client is None or client.is_closed:
                    return await self._connect()
                while not client.is_connected:
                    self._back.clear()
                    await self._back.wait()
                    if client.is_closed:
                        raise unavailable(self._last_error)
                return client
        except TimeoutError:
            raise unavailable(self._last_error) from None

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None and not client.is_closed:
            with suppress(*AWAY):
                async with asyncio.timeout(self._patience):
                    await client.close()

    async def _connect(self) -> Client:
        client = Client()
        address = self._address
        try:
            await client.connect(
                list(address.servers),
                name=address.name,
                user=address.user,
                password=address.password,
                token=address.token,
                connect_timeout=2,
                reconnect_time_wait=0.25,  # type: ignore[arg-type]  # seconds, and slept as they are
                max_reconnect_attempts=-1,
                ping_interval=5,
                max_outstanding_pings=2,
                no_echo=not self._echo,
                error_cb=self._failed,
                disconnected_cb=self._lost,
                reconnected_cb=self._found,
                closed_cb=self._closed,
            )
        except AWAY as error:
            await self._failed(error)
            raise unavailable(self._last_error) from None
        except asyncio.CancelledError:
            with suppress(*AWAY):
                await client.close()
            raise
        self._client = client
        return client

    async def _failed(self, error: Exception) -> None:
        # Only the kind and what the library says of it, which names no URL; the attempts of an outage are one line, below.
        self._last_error = f"{type(error).__name__}: {error}"
        _log.debug("NATS: %s", self._last_error)
        end_if_cancelled()

    async def _lost(self) -> None:
        client = self._client
        if client is not None and not client.is_closed:
            _log.warning("The connection to NATS is lost; looking for it again.")

    async def _found(self) -> None:
        _log.warning("NATS answers again.")
        self._back.set()
        self._on_return()

    async def _closed(self) -> None:
        self._back.set()


def end_if_cancelled() -> None:
    """For loops around what nats-py does: in Python 3.11 its time-outs lose a cancellation that comes with an answer."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def unavailable(reason: object) -> Unavailable:
    return Unavailable("broker", f"NATS does not do what it is asked ({reason}); it is tried again.")


def _host_and_port(place: str) -> str:
    try:
        parts = urlsplit(f"//{place}")
        host, port = parts.hostname, parts.port or _PORT
    except ValueError:
        host, port = None, _PORT
    if not host or parts.path or parts.query or parts.fragment:
        raise ValueError("After the scheme come hosts with their ports, with commas between them.")
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _replicas(given: str | None, servers: int) -> int:
    if given is None:
        return 3 if servers >= 3 else 1
    if not given.isdecimal() or not 1 <= int(given) <= _MAX_REPLICAS:
        raise ValueError(f"replicas is a number from 1 to {_MAX_REPLICAS}.")
    return int(given)


def _named(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise ValueError("name has small letters, digits, - and _, at most 40.")
    return name
