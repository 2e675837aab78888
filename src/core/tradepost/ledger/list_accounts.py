"""List accounts."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.kernel.pages import Page, PageRequest
from tradepost.ledger.ports import AccountFilter, LedgerViews
from tradepost.ledger.views import AccountView


class ListAccountsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which accounts, and which page of them."""

    actor: Actor
    wanted: AccountFilter = AccountFilter()
    page: PageRequest = PageRequest()


class ListAccounts:
    """By code, each with what is on it: all balances of a page are of the same moment."""

    access = staff(Permission.LEDGER_READ)

    def __init__(self, views: LedgerViews) -> None:
        self._views = views

    async def __call__(self, query: ListAccountsQuery) -> Page[AccountView]:
        """Raises `page.invalid`."""
        self.access.check(query.actor)
        return await self._views.accounts(query.wanted, query.page)
