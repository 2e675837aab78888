"""The server, as the command line runs it: on a socket of its own, stopping when told to."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING

import msgspec

from tradepost.kernel.errors import Invalid
from tradepost.kernel.transactions import Unavailable

if TYPE_CHECKING:
    from tradepost_entrypoints.settings import Settings

_PATIENCE = 30
"""Seconds that requests under way get to finish when the server is told to stop."""


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where the server answers."""

    url: str
    docs: str


@contextmanager
def listening(host: str, port: int) -> Iterator[tuple[socket.socket, Address]]:
    """A listening socket and its address. Raises `server.address_taken` and `server.address_invalid`."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
    except OSError as error:
        raise Invalid("server.address_invalid", f"{host!r} is no address to listen on: {error.strerror}.") from error
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OverflowError as error:
        raise Invalid("server.address_invalid", f"{port} is no port; use 0 to 65535.") from error
    except OSError as error:
        reason = os.strerror(error.errno or 0)  # Python's own sentence goes on about it
        raise Unavailable(
            "server", f"Can not listen on {host} port {port}: {reason}. Choose another with --port."
        ) from error
    with listener:
        bound = listener.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{bound}"
        yield listener, Address(url=url, docs=f"{url}/api/docs")


def check(settings: "Settings") -> None:
    """Open everything once and write nothing: what is wrong is better said in a sentence now than in a log later.

    Raises `database.not_migrated`, `database.unavailable`, `gateway.unavailable` and their like.
    """
    import asyncio  # not above: `--help` should not wait for it

    asyncio.run(_open_and_close(settings))


async def _open_and_close(settings: "Settings") -> None:
    from tradepost_entrypoints.container import Container, opened

    container = Container(settings=settings)

    async def nothing(_: object) -> None:
        pass

    async with opened(container):
        container.letters()  # from settings that name files
        container.consumers()  # and modules
        await container.backend().transactions.run(nothing)  # a file that can be read but not written says so here


def run(settings: "Settings", listener: socket.socket, announce: Callable[[], None]) -> None:
    """Say where it is, and serve until SIGINT or SIGTERM, from the announcement on."""
    with _stopping_quietly():
        announce()
        _serve(settings, listener)


def _serve(settings: "Settings", listener: socket.socket) -> None:
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    from tradepost_entrypoints import logs
    from tradepost_entrypoints.http.protocol import BoundedHttp
    from tradepost_entrypoints.service import make_service

    logs.configure(settings.log_level, settings.log_format)
    config = uvicorn.Config(
        partial(make_service, settings),
        factory=True,
        workers=settings.workers,
        loop="uvloop",
        http=BoundedHttp,
        proxy_headers=False,  # uvicorn believes anybody on this machine; which proxies are ours, the settings say
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_PATIENCE,
    )
    if settings.workers > 1:
        Multiprocess(config, sockets=[listener]).run()
    else:
        uvicorn.Server(config).run(sockets=[listener])


@contextmanager
def _stopping_quietly() -> Iterator[None]:
    """Being told to stop is no error. uvicorn raises the signals it heard again when it is done; they end here."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
