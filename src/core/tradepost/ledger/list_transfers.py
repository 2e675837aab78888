"""List transfers."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.kernel.pages import Page, PageRequest
from tradepost.ledger.ports import LedgerViews, TransferFilter
from tradepost.ledger.views import LedgerTransferView


class ListTransfersQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which transfers, and which page of them."""

    actor: Actor
    wanted: TransferFilter = TransferFilter()
    page: PageRequest = PageRequest()


class ListTransfers:
    """By when they happened, the latest first unless asked otherwise (`sort=at`), each with all its postings."""

    access = staff(Permission.LEDGER_READ)

    def __init__(self, views: LedgerViews) -> None:
        self._views = views

    async def __call__(self, query: ListTransfersQuery) -> Page[LedgerTransferView]:
        """Raises `page.invalid`."""
        self.access.check(query.actor)
        return await self._views.transfers(query.wanted, query.page)
