"""Where a command came from."""

from ipaddress import IPv6Address, IPv6Network, ip_address

import msgspec

_MOST_ADDRESS, _MOST_AGENT = 64, 256  # characters; more is nobody's address, and no browser's name


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """The program and the network address a command came from, as far as they are known. Personal data."""

    address: str | None = None
    user_agent: str | None = None

    @classmethod
    def of(cls, address: str | None, user_agent: str | None) -> "Client":
        """Cut to a length that can be kept."""
        return cls(
            address=None if address is None else address[:_MOST_ADDRESS],
            user_agent=None if user_agent is None else user_agent[:_MOST_AGENT],
        )

    @property
    def network(self) -> str | None:
        """Whom the address stands for: itself, or its /64, of which one household has all. None for what is no address."""
        try:
            found = ip_address((self.address or "").partition("%")[0])
        except ValueError:
            return None
        if not isinstance(found, IPv6Address):
            return str(found)
        return str(found.ipv4_mapped or IPv6Network((found, 64), strict=False))
