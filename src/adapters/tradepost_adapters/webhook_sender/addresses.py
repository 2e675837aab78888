"""Which addresses may be called. Whoever adds an endpoint chooses where this service connects to, from inside the network
it stands in; so everything that is not plainly the public internet is refused.

The networks are those of IANA's special-purpose address registries (RFC 6890 and its successors), written down here:
what Python calls global has changed from version to version.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_REFUSED = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # behind a carrier's translation; Alibaba's and Tencent's metadata
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, and the metadata of nearly every cloud
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; Oracle's metadata
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "2620:4f:8000::/48",  # AS112
        "3ffe::/16",  # 6bone, given back
        "3fff::/20",  # documentation
    )
)
_PUBLIC_V6 = IPv6Network("2000::/3")
"""All of IPv6 that is given out for the public internet. What lies outside (loopback, mapped and compatible IPv4, NAT64,
unique local, link-local, site-local, multicast, and what nobody uses yet) is refused as a whole."""

_NEVER = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "100.100.100.200/32",  # Alibaba's metadata
        "100.88.222.5/32",  # Tencent's metadata
        "168.63.129.16/32",  # Azure's, a public address that means the machine below
        "192.0.0.192/32",  # Oracle's metadata
        "::/128",
        "::ffff:0:0/96",  # IPv4 in disguise is refused, whatever it disguises
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "fd00:42::42/128",  # Scaleway's metadata
        "fd00:ec2::/32",  # Amazon's metadata and credentials
        "fd20:ce::254/128",  # Google's metadata
        "fe80::/10",
        "ff00::/8",
    )
)
"""Refused also where they are allowed: nobody's endpoint is there, and what answers there gives credentials away."""

_ISATAP = (0x0000_5EFE, 0x0200_5EFE)  # the third quarter of an address that tunnels to the IPv4 address in the fourth


class AddressRules:
    """What may be called: the public internet, and the networks that are `allowed` besides, for development."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = tuple(ip_network(network) for network in allowed)

    @property
    def allow_some(self) -> bool:
        """Whether anything is allowed beyond the public internet."""
        return bool(self._allowed)

    def allows(self, address: Address) -> bool:
        """Whether it is in a network that was allowed by name. Only there calls may go without TLS."""
        return not _within(address, _NEVER) and _within(address, self._allowed)

    def permits(self, address: Address) -> bool:
        """Whether it may be called at all."""
        return self.allows(address) or is_public(address)


def is_public(address: Address) -> bool:
    """Whether it is a unicast address of the public internet, without another one inside it."""
    if isinstance(address, IPv6Address) and (
        address not in _PUBLIC_V6 or address.scope_id is not None or (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP
    ):
        return False
    return address.is_global and not _within(address, _REFUSED) and not _within(address, _NEVER)


def parsed(text: str) -> Address | None:
    """The address a resolver or a URL has written, in its one canonical spelling; None for everything else."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return None if isinstance(address, IPv6Address) and address.scope_id is not None else address


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
