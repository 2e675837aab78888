"""Send on what was held for an endpoint that is enabled again, and what lost its job."""

from datetime import timedelta

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.webhooks.endpoint import EndpointState
from tradepost.webhooks.ports import WebhooksTx
from tradepost.webhooks.queueing import begin_anew

_LATE = timedelta(minutes=15)
_AT_ONCE = 100  # a transaction, so that nobody waits long for it
_MOST_LATE = 1_000


class RecoverWebhookDeliveries:
    """Says how many it sent on. Run it as a recurring job, and after resuming an endpoint.

    A delivery whose attempt is long overdue gets a job again: it has no effect where one is open still, and helps where
    it died with the database away.
    """

    access = the_shop_itself()

    def __init__(self, transactions: Transactions[WebhooksTx], clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids

    async def __call__(self) -> int:
        now = self._clock.now()

        async def release(tx: WebhooksTx) -> int:
            released = await tx.webhook_deliveries.released(_AT_ONCE)
            for delivery in released:
                await begin_anew(tx, delivery, EndpointState.ENABLED, ids=self._ids, now=now)
            return len(released)

        async def give_jobs(tx: WebhooksTx) -> None:
            for delivery in await tx.webhook_deliveries.overdue(now - _LATE, _MOST_LATE):
                await tx.jobs.enqueue(delivery.job(self._ids.new("job"), now))

        count = 0
        while batch := await self._transactions.run(release):
            count += batch
        await self._transactions.run(give_jobs)
        return count
