"""Send an endpoint nothing for a while."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.transactions import Transactions
from tradepost.webhooks.endpoint import StateReason
from tradepost.webhooks.ports import HasWebhookEndpoints
from tradepost.webhooks.views import WebhookEndpointView


class PauseWebhookEndpointCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    endpoint_id: str
    expected_version: int | None = None


class PauseWebhookEndpoint:
    """For those with `webhooks:write`. What happens meanwhile is kept, for as long as deliveries are, and sent when it
    is resumed. Raises NotFound and `precondition.failed`."""

    access = staff(Permission.WEBHOOKS_WRITE)

    def __init__(self, transactions: Transactions[HasWebhookEndpoints], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def __call__(self, command: PauseWebhookEndpointCommand) -> WebhookEndpointView:
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: HasWebhookEndpoints) -> WebhookEndpointView:
            endpoint = await tx.webhook_endpoints.get(command.endpoint_id)
            endpoint.at_version(command.expected_version)
            if endpoint.pause(StateReason.BY_HAND, now):
                await tx.webhook_endpoints.save(endpoint)
            return WebhookEndpointView.of(endpoint, now, await tx.webhook_endpoints.health(endpoint.id))

        return await self._transactions.run(work)
