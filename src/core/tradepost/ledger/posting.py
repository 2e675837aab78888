"""The one way anything gets into the ledger, for whoever has a transaction open."""

from tradepost.ledger.ports import PostingTx
from tradepost.ledger.transfer import ReferenceTaken, Transfer


async def post(tx: PostingTx, transfer: Transfer) -> Transfer:
    """Post it, together with whatever else the transaction does; gives the transfer that is stored under its reference.

    The same postings under the same reference: the one posted before, and nothing happens. Raises
    `ledger.transfer_invalid` with every fault, `ReferenceTaken`, and `InsufficientFunds` now or at commit.
    """
    transfer.check()
    stored = await tx.ledger_transfers.find(transfer.reference)
    if stored is not None:
        if not stored.posts_the_same_as(transfer):
            raise ReferenceTaken(transfer.reference, stored.id)
        return stored
    accounts = await tx.ledger_accounts.of(tuple({posting.account for posting in transfer.postings}))
    transfer.check_accounts(accounts)
    await tx.ledger_transfers.append(transfer, changes=transfer.changes(accounts))
    return transfer
