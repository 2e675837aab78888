"""Send again what an endpoint did not take."""

from datetime import datetime

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.webhooks.ports import WebhooksTx
from tradepost.webhooks.queueing import begin_anew

MOST = 1_000
_AT_ONCE = 100  # a transaction, so that nobody waits long for it


class RedeliverFailedWebhooksCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`since` is when the delivery was made: about when it happened."""

    actor: Actor
    endpoint_id: str
    since: datetime


class Redelivered(msgspec.Struct, frozen=True, kw_only=True):
    """How many are sent again. With `more` there are others: ask again."""

    count: int
    more: bool


class RedeliverFailedWebhooks:
    """For those with `webhooks:write`: the failed ones since then, oldest first, at most 1,000 at a time. They are held
    while the endpoint is paused or disabled. Raises NotFound."""

    access = staff(Permission.WEBHOOKS_WRITE)

    def __init__(self, transactions: Transactions[WebhooksTx], clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: RedeliverFailedWebhooksCommand) -> Redelivered:
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: WebhooksTx) -> int:
            endpoint = await tx.webhook_endpoints.get(command.endpoint_id)
            failed = await tx.webhook_deliveries.failed_since(endpoint.id, command.since, now, _AT_ONCE)
            for delivery in failed:
                await begin_anew(tx, delivery, endpoint.state, ids=self._ids, now=now)
            return len(failed)

        count = 0
        while count < MOST:
            batch = await self._transactions.run(work)
            count += batch
            if batch < _AT_ONCE:
                return Redelivered(count=count, more=False)
        return Redelivered(count=count, more=True)
