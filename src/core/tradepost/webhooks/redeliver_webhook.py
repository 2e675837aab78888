"""Send a webhook once more."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.errors import Conflict, NotFound
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.webhooks.endpoint import EndpointState
from tradepost.webhooks.ports import WebhooksTx
from tradepost.webhooks.queueing import begin_anew
from tradepost.webhooks.views import WebhookDeliveryView


class RedeliverWebhookCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    delivery_id: str


class RedeliverWebhook:
    """For those with `webhooks:write`: at once, with all its tries, whatever came of it before; the same bytes under the
    same `webhook-id`. It is held while its endpoint is paused or disabled. Raises NotFound and
    `webhook_delivery.endpoint_deleted`."""

    access = staff(Permission.WEBHOOKS_WRITE)

    def __init__(self, transactions: Transactions[WebhooksTx], clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: RedeliverWebhookCommand) -> WebhookDeliveryView:
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: WebhooksTx) -> WebhookDeliveryView:
            delivery = await tx.webhook_deliveries.get(command.delivery_id)
            under_way = delivery.next_attempt_at is not None and delivery.next_attempt_at <= now
            if not under_way:
                state = await _state_of(tx, delivery.endpoint_id)
                await begin_anew(tx, delivery, state, ids=self._ids, now=now)
            return WebhookDeliveryView.of(delivery)

        return await self._transactions.run(work)


async def _state_of(tx: WebhooksTx, endpoint_id: str) -> EndpointState:
    try:
        endpoint = await tx.webhook_endpoints.get(endpoint_id)
    except NotFound:
        raise Conflict(
            "webhook_delivery.endpoint_deleted", "Its endpoint was deleted: there is nobody to send it to."
        ) from None
    return endpoint.state
