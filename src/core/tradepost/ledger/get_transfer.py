"""Show a transfer."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.ledger.ports import LedgerViews
from tradepost.ledger.views import LedgerTransferView


class GetTransferQuery(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    transfer_id: str


class GetTransfer:
    """A transfer with all its postings."""

    access = staff(Permission.LEDGER_READ)

    def __init__(self, views: LedgerViews) -> None:
        self._views = views

    async def __call__(self, query: GetTransferQuery) -> LedgerTransferView:
        """Raises `transfer.not_found`."""
        self.access.check(query.actor)
        return await self._views.transfer(query.transfer_id)
