"""What wallets need from outside."""

from typing import Protocol

from tradepost.customers.ports import HasCustomers
from tradepost.ledger.ports import BookkeepingTx


class WalletTx(HasCustomers, BookkeepingTx, Protocol):
    """What putting something into a wallet touches."""
