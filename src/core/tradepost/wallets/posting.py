"""How wallets post: accounts that are not there yet are opened as the shop's chart has them."""

from tradepost.ledger import chart
from tradepost.ledger.account import AccountTaken
from tradepost.ledger.ports import PostingTx
from tradepost.ledger.posting import post
from tradepost.ledger.transfer import Transfer


async def post_opening(tx: PostingTx, transfer: Transfer) -> None:
    """Post it, all of it in one currency. Raises what `post` raises, and `AccountTaken` where somebody has opened another
    kind of account under the code of a wallet: one that could go below zero, say."""
    currencies = {posting.account: posting.amount.currency for posting in transfer.postings}
    there = await tx.ledger_accounts.of(sorted(currencies))
    for code, currency in sorted(currencies.items()):
        wanted, found = chart.account(code, currency, at=transfer.recorded_at), there.get(code)
        if found is None:
            await tx.ledger_accounts.add(wanted)
        elif (found.type, found.currency, found.floor) != (wanted.type, wanted.currency, wanted.floor):
            raise AccountTaken(code)
    await post(tx, transfer)
