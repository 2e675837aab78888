"""What customers have in store credit."""

from functools import cached_property

from tradepost.shop.parts import Parts
from tradepost.wallets.get_wallet import GetWallet
from tradepost.wallets.give_store_credit import GiveStoreCredit
from tradepost.wallets.list_wallet_entries import ListWalletEntries
from tradepost.wallets.transfer_funds import TransferFunds


class Wallets(Parts):
    """The use cases of wallets."""

    @cached_property
    def give_store_credit(self) -> GiveStoreCredit:
        return GiveStoreCredit(self._transactions, self._clock, self._ids)

    @cached_property
    def transfer_funds(self) -> TransferFunds:
        return TransferFunds(self._transactions, self._clock, self._ids)

    @cached_property
    def get_wallet(self) -> GetWallet:
        return GetWallet(self._backend.ledger_views, self._backend.customer_views)

    @cached_property
    def list_wallet_entries(self) -> ListWalletEntries:
        return ListWalletEntries(self._backend.ledger_views, self._backend.customer_views)
