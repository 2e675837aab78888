"""Send to an endpoint again."""

import msgspec

from tradepost.jobs.job import Job
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.webhooks.delivery import RECOVER
from tradepost.webhooks.ports import WebhooksTx
from tradepost.webhooks.views import WebhookEndpointView


class ResumeWebhookEndpointCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    endpoint_id: str
    expected_version: int | None = None


class ResumeWebhookEndpoint:
    """For those with `webhooks:write`. What was held for it is sent, with all its tries; what failed before is not, and
    can be redelivered. Raises NotFound and `precondition.failed`."""

    access = staff(Permission.WEBHOOKS_WRITE)

    def __init__(self, transactions: Transactions[WebhooksTx], clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: ResumeWebhookEndpointCommand) -> WebhookEndpointView:
        self.access.check(command.actor)
        now = self._clock.now()
        job = Job.new(self._ids.new("job"), RECOVER, now=now)

        async def work(tx: WebhooksTx) -> WebhookEndpointView:
            endpoint = await tx.webhook_endpoints.get(command.endpoint_id)
            endpoint.at_version(command.expected_version)
            if endpoint.resume(now):
                await tx.webhook_endpoints.save(endpoint)
                await tx.webhook_endpoints.recovered(endpoint.id)
                await tx.jobs.enqueue(job)
            return WebhookEndpointView.of(endpoint, now, await tx.webhook_endpoints.health(endpoint.id))

        return await self._transactions.run(work)
