"""Wallets: what customers have in store credit, in the ledger."""

from tradepost.wallets.get_wallet import GetWallet, GetWalletQuery
from tradepost.wallets.give_store_credit import GiveStoreCredit, GiveStoreCreditCommand
from tradepost.wallets.list_wallet_entries import ListWalletEntries, ListWalletEntriesQuery
from tradepost.wallets.transfer_funds import TransferFunds, TransferFundsCommand
from tradepost.wallets.views import StoreCreditView, WalletEntry, WalletTransferView, WalletView
from tradepost.wallets.wallet import InsufficientStoreCredit, wallet_code

__all__ = [
    "GetWallet",
    "GetWalletQuery",
    "GiveStoreCredit",
    "GiveStoreCreditCommand",
    "InsufficientStoreCredit",
    "ListWalletEntries",
    "ListWalletEntriesQuery",
    "StoreCreditView",
    "TransferFunds",
    "TransferFundsCommand",
    "WalletEntry",
    "WalletTransferView",
    "WalletView",
    "wallet_code",
]
