"""Putting deliveries in the queue, inside a transaction."""

from datetime import datetime

from tradepost.kernel.ids import TypeIds
from tradepost.webhooks.delivery import WebhookDelivery
from tradepost.webhooks.endpoint import EndpointState
from tradepost.webhooks.ports import WebhooksTx


async def begin_anew(
    tx: WebhooksTx, delivery: WebhookDelivery, state: EndpointState, *, ids: TypeIds, now: datetime
) -> None:
    """Send it at once, with all its tries, or hold it for an endpoint that is not enabled."""
    if state is not EndpointState.ENABLED:
        delivery.hold()
        await tx.webhook_deliveries.save(delivery)
        return
    delivery.begin(now)
    await save_and_enqueue(tx, delivery, ids=ids, now=now)


async def save_and_enqueue(tx: WebhooksTx, delivery: WebhookDelivery, *, ids: TypeIds, now: datetime) -> None:
    """Save it, with the job of its next attempt."""
    await tx.webhook_deliveries.save(delivery)
    await tx.jobs.enqueue(delivery.job(ids.new("job"), now))
