"""Forget deliveries made long ago, and what came of them."""

from datetime import timedelta

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.transactions import Transactions
from tradepost.webhooks.ports import HasWebhookDeliveries

KEEP = timedelta(days=30)
_AT_ONCE = 500  # a transaction, so that nobody waits long for it


class PurgeWebhookDeliveries:
    """Forgets what was made longer ago than `keep`, sent or held, with the attempts; says how many. What is still being
    tried stays. Run it as a recurring job."""

    access = the_shop_itself()

    def __init__(
        self, transactions: Transactions[HasWebhookDeliveries], clock: Clock, *, keep: timedelta = KEEP
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._keep = keep

    async def __call__(self) -> int:
        before = self._clock.now() - self._keep

        async def work(tx: HasWebhookDeliveries) -> int:
            return await tx.webhook_deliveries.purge(before, _AT_ONCE)

        forgotten = 0
        while batch := await self._transactions.run(work):
            forgotten += batch
        return forgotten
