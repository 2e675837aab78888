"""Show what a customer has in store credit."""

import msgspec

from tradepost.customers.access import one_self
from tradepost.customers.ports import CustomerViews
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import own_or
from tradepost.kernel.money import Money
from tradepost.kernel.pages import MAX_LIMIT, PageRequest
from tradepost.ledger.ports import AccountFilter, LedgerViews
from tradepost.wallets.views import WalletView
from tradepost.wallets.wallet import wallets_prefix


class GetWalletQuery(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    customer_id: str


class GetWallet:
    """One's own, or for staff anybody's. Raises NotFound."""

    access = own_or(Permission.CUSTOMERS_READ)

    def __init__(self, ledger: LedgerViews, customers: CustomerViews) -> None:
        self._ledger = ledger
        self._customers = customers

    async def __call__(self, query: GetWalletQuery) -> WalletView:
        self.access.check(query.actor, one_self(query.customer_id))
        balances: list[Money] = []
        wanted, page = AccountFilter(prefix=wallets_prefix(query.customer_id)), PageRequest(limit=MAX_LIMIT)
        while True:  # there are more currencies than a page has lines
            found = await self._ledger.accounts(wanted, page)
            balances += [account.balance for account in found.items]
            if found.next_cursor is None:
                break
            page = PageRequest(limit=MAX_LIMIT, cursor=found.next_cursor)
        if not balances:
            await self._customers.get(query.customer_id)
        return WalletView(customer_id=query.customer_id, balances=tuple(balances))
