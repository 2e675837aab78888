"""How wallets post: accounts that are not there yet are opened as the shop's chart has them."""

from tradepost.ledger.bookkeeping import found_or_opened
from tradepost.ledger.ports import PostingTx
from tradepost.ledger.transfer import Transfer


async def post_new(tx: PostingTx, transfer: Transfer) -> None:
    """Post a transfer whose reference nobody can have used. Raises `ledger.transfer_invalid`, `AccountTaken`, and
    `InsufficientFunds` now or at commit."""
    transfer.check()
    currencies = {posting.account: posting.amount.currency for posting in transfer.postings}
    found, opened = await found_or_opened(tx.ledger_accounts, currencies, at=transfer.recorded_at)
    await tx.ledger_transfers.append(transfer, changes=transfer.changes(found | opened))
