"""The double-entry ledger."""

from functools import cached_property

from tradepost.ledger.get_account import GetAccount
from tradepost.ledger.get_balance import GetBalance
from tradepost.ledger.get_transfer import GetTransfer
from tradepost.ledger.list_accounts import ListAccounts
from tradepost.ledger.list_postings import ListPostings
from tradepost.ledger.list_transfers import ListTransfers
from tradepost.ledger.open_account import OpenAccount
from tradepost.ledger.post_transfer import PostTransfer
from tradepost.ledger.seal_ledger import SealLedger
from tradepost.ledger.take_snapshots import TakeSnapshots
from tradepost.ledger.trial_balance import TrialBalance
from tradepost.ledger.verify_ledger import VerifyLedger
from tradepost.orders.verify_books import VerifyBooks
from tradepost.shop.parts import Parts


class Ledger(Parts):
    """The use cases of the ledger."""

    @cached_property
    def open_ledger_account(self) -> OpenAccount:
        return OpenAccount(self._transactions, self._clock)

    @cached_property
    def get_ledger_account(self) -> GetAccount:
        return GetAccount(self._backend.ledger_views)

    @cached_property
    def list_ledger_accounts(self) -> ListAccounts:
        return ListAccounts(self._backend.ledger_views)

    @cached_property
    def post_transfer(self) -> PostTransfer:
        return PostTransfer(self._transactions, self._clock, self._ids)

    @cached_property
    def get_transfer(self) -> GetTransfer:
        return GetTransfer(self._backend.ledger_views)

    @cached_property
    def list_transfers(self) -> ListTransfers:
        return ListTransfers(self._backend.ledger_views)

    @cached_property
    def list_postings(self) -> ListPostings:
        return ListPostings(self._backend.ledger_views)

    @cached_property
    def get_balance(self) -> GetBalance:
        return GetBalance(self._backend.ledger_balances)

    @cached_property
    def trial_balance(self) -> TrialBalance:
        return TrialBalance(self._backend.ledger_balances)

    @cached_property
    def verify_ledger(self) -> VerifyLedger:
        return VerifyLedger(self._backend.ledger_audit)

    @cached_property
    def verify_books(self) -> VerifyBooks:
        return VerifyBooks(self._backend.ledger_audit, self._backend.books)

    @cached_property
    def seal_ledger(self) -> SealLedger:
        return SealLedger(self._transactions, self._clock)

    @cached_property
    def take_snapshots(self) -> TakeSnapshots:
        return TakeSnapshots(self._transactions, self._clock)
