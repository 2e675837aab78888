"""Forget events of gateways that were dealt with long ago: they hold more of buyers than we need."""

from datetime import timedelta

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.transactions import Transactions
from tradepost.payments.webhooks import HasWebhookEvents

_BATCH = 1000


class PurgeWebhooks:
    """Run by the worker. Gateways send an event again for some days, so they are kept longer than that. Gives how many went."""

    access = the_shop_itself()

    def __init__(
        self, transactions: Transactions[HasWebhookEvents], clock: Clock, *, keep: timedelta = timedelta(days=30)
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._keep = keep

    async def __call__(self) -> int:
        before = self._clock.now() - self._keep

        async def work(tx: HasWebhookEvents) -> int:
            return await tx.webhook_events.purge(before, _BATCH)

        gone = 0
        while (batch := await self._transactions.run(work)) > 0:
            gone += batch
        return gone
