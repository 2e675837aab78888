"""Machines that show who they are by the id of their key and its secret (RFC 6749, section 2.3)."""

from datetime import datetime

from tradepost.kernel.errors import Kind, TradepostError
from tradepost.users.api_key import read
from tradepost.users.opaque import hash_of
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
        shown = read(client_secret)
        if shown is None or shown[0] != client_id:
            raise ClientRefused
        secret_hash = hash_of(shown[1])
        machine = await self._principals.of_key(secret_hash)
        if machine is None or machine.key.id != client_id:
            raise ClientRefused
        if not machine.good_at(at) or not machine.shown_by(secret_hash, at):
            raise ClientRefused
        return machine
