"""Connecting: a name is looked up once, every address it has is checked, and the connection goes to one of those.

So a name that answers differently a moment later (DNS rebinding) changes nothing: nobody asks again.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import httpcore

from tradepost_adapters.webhook_sender.addresses import Address, AddressRules, parsed
from tradepost_adapters.webhook_sender.names import Resolve
from tradepost_adapters.webhook_sender.targets import Target

_ADDRESSES_TRIED = 4
_CONNECT_SECONDS = 5.0  # to each: one that is dead leaves time for the next

Connect = Callable[[str, int, float], Awaitable[httpcore.AsyncNetworkStream]]
"""Connect to an address (never a name) on a port, in so many seconds. Raises `httpcore.ConnectError` or `ConnectTimeout`."""


class AddressRefused(Exception):
    """The name leads to an address that is not called, or the connection went elsewhere."""


class NameUnknown(Exception):
    """The name has no address."""


class Dialer(httpcore.AsyncNetworkBackend):
    """How one delivery gets its connection: to `target`, whose name is looked up here and nowhere else."""

    def __init__(self, target: Target, rules: AddressRules, resolve: Resolve, connect: Connect) -> None:
        self._target = target
        self._rules = rules
        self._resolve = resolve
        self._connect = connect

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's name; the time-out is over the whole delivery
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        if (host, port) != (self._target.host, self._target.port):
            raise AddressRefused
        failure: Exception = NameUnknown()
        for address in (await self._checked())[:_ADDRESSES_TRIED]:
            try:
                stream = await self._connect(str(address), port, _CONNECT_SECONDS)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            if self._is_connected_to(stream, address):
                return stream
            await stream.aclose()
            raise AddressRefused
        raise failure

    async def _checked(self) -> list[Address]:
        """The addresses of the target. One that may not be called spoils them all: a name of the public internet has no
        business with others, and one that mixes them is fishing for the one that gets through."""
        addresses: list[Address] = []
        for text in await self._addresses():
            address = parsed(text)
            if address is None or not self._may(address):
                raise AddressRefused
            if address not in addresses:
                addresses.append(address)
        return addresses

    async def _addresses(self) -> Sequence[str]:
        if self._target.address is not None:
            return [str(self._target.address)]
        try:
            return await self._resolve(self._target.host, self._target.port)
        except (OSError, UnicodeError) as error:
            raise NameUnknown from error

    def _may(self, address: Address) -> bool:
        return self._rules.permits(address) if self._target.tls else self._rules.allows(address)

    def _is_connected_to(self, stream: httpcore.AsyncNetworkStream, address: Address) -> bool:
        """Asked of the socket itself, before a byte is sent."""
        peer = stream.get_extra_info("server_addr")
        found = parsed(str(peer[0])) if peer else None
        return found == address and self._may(address)


async def connect(address: str, port: int, seconds: float) -> httpcore.AsyncNetworkStream:
    """By the event loop."""
    return await httpcore.AnyIOBackend().connect_tcp(address, port, timeout=seconds)
