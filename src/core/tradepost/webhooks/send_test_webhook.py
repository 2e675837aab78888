"""Find out whether an endpoint takes what is sent."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.events import Message
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.messaging.cloud_events import to_cloud_event
from tradepost.webhooks.attempts import Attempts
from tradepost.webhooks.delivery import WebhookDelivery
from tradepost.webhooks.endpoint import WebhookEndpoint
from tradepost.webhooks.ports import WebhooksTx
from tradepost.webhooks.views import WebhookDeliveryDetails, WebhookDeliveryView

TEST_EVENT = "tradepost.webhook_endpoint.test.v1"


class SendTestWebhookCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    endpoint_id: str


class SendTestWebhook:
    """For those with `webhooks:write`: sends a `tradepost.webhook_endpoint.test.v1` at once, whatever the endpoint's
    filters and state, and tells what came back. It is tried once, and counts for nothing; it is in the log like any
    other. Raises NotFound."""

    access = staff(Permission.WEBHOOKS_WRITE)

    def __init__(
        self, transactions: Transactions[WebhooksTx], attempts: Attempts, clock: Clock, ids: TypeIds, *, source: str
    ) -> None:
        self._transactions = transactions
        self._attempts = attempts
        self._clock = clock
        self._ids = ids
        self._source = source

    async def __call__(self, command: SendTestWebhookCommand) -> WebhookDeliveryDetails:
        self.access.check(command.actor)

        async def find(tx: WebhooksTx) -> WebhookEndpoint:
            return await tx.webhook_endpoints.get(command.endpoint_id)

        endpoint = await self._transactions.run(find)
        delivery = self._test_of(endpoint)
        attempt = await self._attempts.make(endpoint, delivery)
        delivery.note(attempt)
        if not attempt.succeeded:
            delivery.fail(attempt.at + attempt.duration)

        async def note(tx: WebhooksTx) -> WebhookDeliveryView:
            await tx.webhook_deliveries.add(delivery)
            await tx.webhook_deliveries.note(attempt)
            return WebhookDeliveryView.of(delivery)

        view = await self._transactions.run(note)
        return WebhookDeliveryDetails(delivery=view, body=msgspec.Raw(delivery.body), attempts=(attempt,))

    def _test_of(self, endpoint: WebhookEndpoint) -> WebhookDelivery:
        now = self._clock.now()
        message = Message(
            id=self._ids.new("test"),
            type=TEST_EVENT,
            aggregate_id=endpoint.id,
            sequence=0,
            payload=msgspec.json.encode({"type": TEST_EVENT, "occurred_at": now, "endpoint_id": endpoint.id}),
            occurred_at=now,
        )
        return WebhookDelivery(
            id=self._ids.new("whd"),
            endpoint_id=endpoint.id,
            message_id=message.id,
            event_type=TEST_EVENT,
            body=to_cloud_event(message, self._source),
            created_at=now,
        )
