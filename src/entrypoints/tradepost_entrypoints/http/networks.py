"""Network addresses: which of them belong together, and what of them is shown."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network

from tradepost.users.network import address_of

_MANY = 4096  # addresses remembered


@lru_cache(_MANY)
def truncated(text: str) -> str:
    """An address without what tells one household from its neighbors: its /24, or /48 (`192.0.2.0`, `2001:db8::`)."""
    address = address_of(text)
    if isinstance(address, IPv4Address):
        return str(IPv4Network((address, 24), strict=False).network_address)
    return "unknown" if address is None else str(IPv6Network((address, 48), strict=False).network_address)


class Networks:
    """Some networks: `Networks(["10.0.0.0/8", "2001:db8::1"])`. Raises ValueError for what is no network."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks = tuple(ip_network(one) for one in networks)
        self._seen = lru_cache(_MANY)(self._look)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def __contains__(self, text: str) -> bool:
        return bool(self._networks) and self._seen(text)

    def _look(self, text: str) -> bool:
        address = address_of(text)
        return address is not None and any(address in network for network in self._networks)
