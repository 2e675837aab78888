"""Where a command came from."""

import msgspec

from tradepost.users.network import network_of

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
        """Whom the address stands for (`network_of`)."""
        return network_of(self.address)
