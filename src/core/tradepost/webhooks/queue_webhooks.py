"""Put into the queue what endpoints are to be told: a consumer of every event there is."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.events import Message
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.messaging.cloud_events import to_cloud_event
from tradepost.messaging.event_filter import leaves, matches
from tradepost.messaging.ports import HasInbox
from tradepost.webhooks.delivery import DeliveryState, WebhookDelivery
from tradepost.webhooks.endpoint import EndpointState, Listener
from tradepost.webhooks.ports import WebhookEndpointViews, WebhooksTx

CONSUMER = "webhooks"


class QueueTx(WebhooksTx, HasInbox, Protocol):
    """Where webhooks are queued."""


class QueueWebhooks:
    """Makes a delivery, and its job, for each endpoint that wants an event, in the transaction of the inbox.

    Every event of the shop comes by here, so those that nobody wants cost one look at the endpoints for all that come
    together, and nothing is written about them. `leaving` is what the types of events begin with that are told outside;
    no filter of an endpoint lets others out. `source` names the shop in the CloudEvent.

    Whatever an endpoint was told already it is not told again, so all events can be given to this consumer anew: an
    endpoint then gets what it has missed.
    """

    access = the_shop_itself()
    name = CONSUMER
    types = None

    def __init__(
        self,
        transactions: Transactions[QueueTx],
        views: WebhookEndpointViews,
        clock: Clock,
        ids: TypeIds,
        *,
        source: str,
        leaving: Sequence[str],
    ) -> None:
        self._views = views
        self._clock = clock
        self._ids = ids
        self._source = source
        self._leaving = leaving
        self._transactions = transactions

    async def __call__(self, messages: Sequence[Message], /) -> None:
        leaving = [message for message in messages if leaves(message.type, self._leaving)]
        if not leaving:
            return
        filters = [each for listener in await self._views.listeners() for each in listener.events]
        wanted = [message for message in leaving if matches(filters, message.type)]
        if wanted:
            await self._queue(wanted)

    async def _queue(self, messages: list[Message]) -> None:
        now = self._clock.now()

        async def work(tx: QueueTx) -> None:
            new = await tx.inbox.record(CONSUMER, [message.id for message in messages], now)
            listeners = await tx.webhook_endpoints.listeners()
            wanted = {message.id: message for message in messages if message.id in new}  # a broker may hold one twice
            deliveries = [each for message in wanted.values() for each in self._deliveries(message, listeners, now)]
            added = await tx.webhook_deliveries.add_all(deliveries)
            pending = [each for each in deliveries if each.id in added and each.state is DeliveryState.PENDING]
            await tx.jobs.enqueue_all([delivery.job(self._ids.new("job"), now) for delivery in pending])

        await self._transactions.run(work)

    def _deliveries(self, message: Message, listeners: Sequence[Listener], now: datetime) -> Iterator[WebhookDelivery]:
        body = to_cloud_event(message, self._source)
        for listener in listeners:
            if matches(listener.events, message.type):
                enabled = listener.state is EndpointState.ENABLED
                yield WebhookDelivery(
                    id=self._ids.new("whd"),
                    endpoint_id=listener.id,
                    message_id=message.id,
                    event_type=message.type,
                    body=body,
                    created_at=now,
                    state=DeliveryState.PENDING if enabled else DeliveryState.HELD,
                    next_attempt_at=now if enabled else None,
                )
