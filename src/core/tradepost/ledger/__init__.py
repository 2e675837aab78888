"""A double-entry ledger: accounts, transfers that add up to zero, balances at any time, and a chain that shows tampering.

It knows nothing of a shop, and can be used alone.
"""

from tradepost.ledger.account import Account, AccountTaken, AccountType
from tradepost.ledger.get_account import GetAccount, GetAccountQuery
from tradepost.ledger.get_balance import GetBalance, GetBalanceQuery
from tradepost.ledger.get_transfer import GetTransfer, GetTransferQuery
from tradepost.ledger.list_accounts import ListAccounts, ListAccountsQuery
from tradepost.ledger.list_postings import ListPostings, ListPostingsQuery
from tradepost.ledger.list_transfers import ListTransfers, ListTransfersQuery
from tradepost.ledger.open_account import OpenAccount, OpenAccountCommand
from tradepost.ledger.ports import AccountFilter, PostingFilter, TransferFilter
from tradepost.ledger.post_transfer import PostTransfer, PostTransferCommand
from tradepost.ledger.posting import post
from tradepost.ledger.seal_ledger import SealLedger
from tradepost.ledger.take_snapshots import TakeSnapshots
from tradepost.ledger.transfer import InsufficientFunds, Posting, ReferenceTaken, Side, Transfer, credit, debit
from tradepost.ledger.trial_balance import TrialBalance, TrialBalanceQuery
from tradepost.ledger.verify_ledger import VerifyLedger, VerifyLedgerQuery
from tradepost.ledger.views import (
    AccountView,
    BalanceView,
    ChainHead,
    CurrencyTotal,
    LedgerCheck,
    LedgerTransferView,
    PostingView,
    TrialBalanceLine,
    TrialBalanceView,
    UnsealedTail,
    VerificationView,
)

__all__ = [
    "Account",
    "AccountFilter",
    "AccountTaken",
    "AccountType",
    "AccountView",
    "BalanceView",
    "ChainHead",
    "CurrencyTotal",
    "GetAccount",
    "GetAccountQuery",
    "GetBalance",
    "GetBalanceQuery",
    "GetTransfer",
    "GetTransferQuery",
    "InsufficientFunds",
    "LedgerCheck",
    "LedgerTransferView",
    "ListAccounts",
    "ListAccountsQuery",
    "ListPostings",
    "ListPostingsQuery",
    "ListTransfers",
    "ListTransfersQuery",
    "OpenAccount",
    "OpenAccountCommand",
    "PostTransfer",
    "PostTransferCommand",
    "Posting",
    "PostingFilter",
    "PostingView",
    "ReferenceTaken",
    "SealLedger",
    "Side",
    "TakeSnapshots",
    "Transfer",
    "TransferFilter",
    "TrialBalance",
    "TrialBalanceLine",
    "TrialBalanceQuery",
    "TrialBalanceView",
    "UnsealedTail",
    "VerificationView",
    "VerifyLedger",
    "VerifyLedgerQuery",
    "credit",
    "debit",
    "post",
]
