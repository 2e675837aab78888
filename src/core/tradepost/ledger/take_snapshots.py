"""Sum what was posted since the last time, so that balances need not sum it again."""

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.transactions import Transactions
from tradepost.ledger.ports import SummingTx

_AT_ONCE = 100_000  # positions a transaction, so that nobody waits long for it


class TakeSnapshots:
    """Sums by account and day, of what is settled; says how far it has come, or None when there was too little to do.

    Run it as a recurring job. Posting does not wait for it, and no row is written by every posting: an account that
    everything touches costs what an account costs that nothing touches. With fewer than `least` positions to sum it does
    nothing, as a read sums those just as fast.
    """

    access = the_shop_itself()

    def __init__(self, transactions: Transactions[SummingTx], clock: Clock, *, least: int = 1_000) -> None:
        self._transactions = transactions
        self._clock = clock
        self._least = least

    async def __call__(self) -> int | None:
        async def work(tx: SummingTx) -> tuple[int | None, bool]:
            settled = await tx.ledger_transfers.settled()
            covered = await tx.ledger_snapshots.covered()
            if settled - covered < self._least:
                return None, False
            upto = min(settled, covered + _AT_ONCE)
            await tx.ledger_snapshots.add(covered, upto, self._clock.now())
            return upto, upto < settled

        reached, more = await self._transactions.run(work)
        while more:  # of what was there; what is posted meanwhile is for the next time
            further, more = await self._transactions.run(work)
            reached = further or reached
        return reached
