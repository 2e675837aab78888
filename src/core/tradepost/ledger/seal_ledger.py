"""Seal what was posted since the last time into the hash chain."""

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.transactions import Transactions
from tradepost.ledger.chain import Block
from tradepost.ledger.ports import SealingTx

BLOCK = 1_000
"""Entries in a block, at most."""


class SealLedger:
    """Adds blocks until all that is settled is sealed; says how many entries that were.

    Run it as a recurring job. It comes behind the postings and they never wait for it; entries that a running transaction
    may still come before are left for the next time.
    """

    access = the_shop_itself()

    def __init__(self, transactions: Transactions[SealingTx], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def __call__(self) -> int:
        async def work(tx: SealingTx) -> int:
            settled = await tx.ledger_transfers.settled()
            last = await tx.ledger_blocks.last()
            entries = await tx.ledger_blocks.entries(0 if last is None else last.last_position, settled, BLOCK)
            if entries:
                await tx.ledger_blocks.add(Block.seal(entries, last, self._clock.now()))
            return len(entries)

        sealed = 0
        while count := await self._transactions.run(work):
            sealed += count
            if count < BLOCK:
                break
        return sealed
