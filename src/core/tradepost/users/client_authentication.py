"""Machines that show who they are by the id of their key and its secret (RFC 6749, section 2.3)."""

from datetime import datetime

from tradepost.kernel.errors import Kind, TradepostError
from tradepost.users.known_machine import known_machine
from tradepost.users.principal import Machine
from tradepost.users.session_ports import PrincipalViews


class ClientRefused(TradepostError):
    """No such key, another secret, or one that has ended: which, would help nobody but a forger."""

    def __init__(self) -> None:
        super().__init__(
            Kind.UNAUTHENTICATED, "oauth.invalid_client", "This is no key with this secret, or it has ended."
        )


class ClientAuthentication:
    """Tells which machine it is. A client's id is that of its key, its secret the whole key (`tp_live_…`)."""

    def __init__(self, principals: PrincipalViews) -> None:
        self._principals = principals

    async def __call__(self, client_id: str, client_secret: str, at: datetime) -> Machine:
        """Raises `ClientRefused`."""
        machine = await known_machine(self._principals, client_secret, at)
        if machine is None or machine.key.id != client_id:
            raise ClientRefused
        return machine
