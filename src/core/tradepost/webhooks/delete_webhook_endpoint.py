"""Tell another system nothing any more."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.transactions import Transactions
from tradepost.webhooks.ports import WebhooksTx


class DeleteWebhookEndpointCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    endpoint_id: str
    expected_version: int | None = None


class DeleteWebhookEndpoint:
    """For those with `webhooks:write`. What waits is canceled; what was sent stays in the log until it is forgotten.
    Raises NotFound and `precondition.failed`."""

    access = staff(Permission.WEBHOOKS_WRITE)

    def __init__(self, transactions: Transactions[WebhooksTx], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def __call__(self, command: DeleteWebhookEndpointCommand) -> None:
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: WebhooksTx) -> None:
            endpoint = await tx.webhook_endpoints.get(command.endpoint_id)
            endpoint.at_version(command.expected_version)
            await tx.webhook_endpoints.remove(endpoint)
            await tx.webhook_deliveries.cancel_of(endpoint.id, now)

        await self._transactions.run(work)
