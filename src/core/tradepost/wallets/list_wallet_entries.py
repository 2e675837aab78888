"""List what came into a wallet and went out of it."""

import msgspec

from tradepost.customers.access import one_self
from tradepost.customers.ports import CustomerViews
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import own_or
from tradepost.kernel.money import currency
from tradepost.kernel.pages import Page, PageRequest
from tradepost.ledger.ports import LedgerViews, PostingFilter
from tradepost.wallets.views import WalletEntry
from tradepost.wallets.wallet import wallet_code


class ListWalletEntriesQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Of which currency, and which page."""

    actor: Actor
    customer_id: str
    currency: str
    page: PageRequest = PageRequest()


class ListWalletEntries:
    """The latest first unless asked otherwise (`sort=at`). One's own, or for staff anybody's. Raises `currency.unknown`,
    `page.invalid` and NotFound."""

    access = own_or(Permission.CUSTOMERS_READ)

    def __init__(self, ledger: LedgerViews, customers: CustomerViews) -> None:
        self._ledger = ledger
        self._customers = customers

    async def __call__(self, query: ListWalletEntriesQuery) -> Page[WalletEntry]:
        self.access.check(query.actor, one_self(query.customer_id))
        wanted = PostingFilter(account=wallet_code(query.customer_id, currency(query.currency)))
        found = await self._ledger.postings(wanted, query.page)
        if not found.items:
            await self._customers.get(query.customer_id)
        return Page(items=tuple(map(WalletEntry.of, found.items)), next_cursor=found.next_cursor, total=found.total)
