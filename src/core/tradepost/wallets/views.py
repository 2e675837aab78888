"""What callers see of wallets. Of the ledger behind them they see what is theirs: no positions, no other accounts."""

from datetime import datetime

import msgspec

from tradepost.kernel.money import Money
from tradepost.ledger.transfer import Side
from tradepost.ledger.views import PostingView


class WalletView(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer has in store credit: an amount for each currency they ever had some of, by its code."""

    customer_id: str
    balances: tuple[Money, ...]


class WalletEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a statement: what came in is above zero, what went out below. `subject` is what it is about: an order, or
    the other customer."""

    transfer_id: str
    at: datetime
    amount: Money
    reference: str
    subject: str | None
    description: str

    @classmethod
    def of(cls, posting: PostingView) -> "WalletEntry":
        return cls(
            transfer_id=posting.transfer_id,
            at=posting.at,
            amount=posting.amount if posting.side is Side.CREDIT else -posting.amount,
            reference=posting.reference,
            subject=posting.subject,
            description=posting.description,
        )


class StoreCreditView(msgspec.Struct, frozen=True, kw_only=True):
    """Store credit that was given to a customer."""

    transfer_id: str
    customer_id: str
    amount: Money
    reason: str
    at: datetime


class WalletTransferView(msgspec.Struct, frozen=True, kw_only=True):
    """Store credit that went from one customer to another."""

    transfer_id: str
    customer_id: str
    to: str
    amount: Money
    note: str
    at: datetime
