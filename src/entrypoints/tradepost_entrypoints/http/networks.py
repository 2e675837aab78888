"""Network addresses: which of them belong together, and what of them is shown."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
_MANY = 4096  # addresses remembered; parsing one costs as much as answering a small question


@lru_cache(_MANY)
def address_of(text: str) -> Address | None:
    """The address a text says, None when it is none. An IPv4 address written as IPv6 (`::ffff:…`) is the IPv4 one, and
    the zone of a link (`%eth0`) says nothing to others."""
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (isinstance(found, IPv6Address) and found.ipv4_mapped) or found


@lru_cache(_MANY)
def caller_of(text: str | None) -> str:
    """Whom an address stands for when callers are counted: itself, or its /64, of which one household has them all."""
    address = None if text is None else address_of(text)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False))
    return "unknown" if address is None else str(address)


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
