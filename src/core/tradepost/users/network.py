"""Network addresses: which of them stand for one caller."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_MANY = 4096  # addresses remembered; parsing one costs as much as answering a small question


@lru_cache(_MANY)
def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """The address a text says, None when it is none. An IPv4 address written as IPv6 (`::ffff:…`) is the IPv4 one, and
    the zone of a link (`%eth0`) says nothing to others."""
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (isinstance(found, IPv6Address) and found.ipv4_mapped) or found


@lru_cache(_MANY)
def network_of(text: str | None) -> str | None:
    """Whom an address stands for: itself, or its /64, of which one household has all. None for what is no address."""
    address = None if text is None else address_of(text)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False))
    return None if address is None else str(address)
