"""What was sent to endpoints, what they answered, and sending it again."""

from typing import Annotated

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.errors import Kind
from tradepost.webhooks.delivery import WEBHOOK_DELIVERY_PATTERN, DeliveryState
from tradepost.webhooks.get_webhook_delivery import GetWebhookDelivery, GetWebhookDeliveryQuery
from tradepost.webhooks.list_webhook_deliveries import ListWebhookDeliveries, ListWebhookDeliveriesQuery
from tradepost.webhooks.redeliver_webhook import RedeliverWebhook, RedeliverWebhookCommand
from tradepost.webhooks.views import DeliveryFilter, WebhookDeliveryDetails, WebhookDeliveryView
from tradepost_entrypoints.http.endpoint import Refusal, endpoint
from tradepost_entrypoints.http.envelope import Many, One
from tradepost_entrypoints.http.parameters import PageQuery
from tradepost_entrypoints.http.routes.webhook_endpoints import TAG, EndpointId

DeliveryId = Annotated[
    str, msgspec.Meta(pattern=WEBHOOK_DELIVERY_PATTERN, max_length=40, description="A delivery's id.")
]

_GONE = Refusal(
    Kind.NOT_FOUND,
    "webhook_delivery.not_found",
    "There is no webhook_delivery 'whd_01m7y7tsamexgajdq8dqk7k2b9'.",
)
_NOBODY = Refusal(
    Kind.CONFLICT,
    "webhook_delivery.endpoint_deleted",
    "Its endpoint was deleted: there is nobody to send it to.",
)


class WebhookDeliveriesQuery(PageQuery, frozen=True, kw_only=True):
    """Which deliveries."""

    state: DeliveryState | None = None


@endpoint("GET", "/webhook-endpoints/{endpoint_id}/deliveries", tag=TAG)
async def list_webhook_deliveries(
    endpoint_id: EndpointId,
    query: WebhookDeliveriesQuery,
    actor: Actor,
    list_webhook_deliveries: ListWebhookDeliveries,
) -> Many[WebhookDeliveryView]:
    """What was sent to an endpoint and what waits for it, the latest first; also of one that was deleted. For staff.
    Sort by `created_at`."""
    wanted = DeliveryFilter(endpoint_id=endpoint_id, state=query.state)
    found = ListWebhookDeliveriesQuery(actor=actor, wanted=wanted, page=query.page_request())
    return Many(await list_webhook_deliveries(found), query)


@endpoint("GET", "/webhook-deliveries/{delivery_id}", tag=TAG, errors=(_GONE,))
async def get_webhook_delivery(
    delivery_id: DeliveryId, actor: Actor, get_webhook_delivery: GetWebhookDelivery
) -> One[WebhookDeliveryDetails]:
    """One delivery: the body that is sent, and each attempt with what was answered, or why nothing was. For staff."""
    details = await get_webhook_delivery(GetWebhookDeliveryQuery(actor=actor, delivery_id=delivery_id))
    return One(details, links={"endpoint": f"/webhook-endpoints/{details.delivery.endpoint_id}"})


@endpoint("POST", "/webhook-deliveries/{delivery_id}/redeliver", tag=TAG, errors=(_GONE, _NOBODY))
async def redeliver_webhook(
    delivery_id: DeliveryId, actor: Actor, redeliver_webhook: RedeliverWebhook
) -> One[WebhookDeliveryView]:
    """Send it once more, whatever came of it: the same body under the same `webhook-id`. For staff."""
    view = await redeliver_webhook(RedeliverWebhookCommand(actor=actor, delivery_id=delivery_id))
    path = f"/webhook-deliveries/{view.id}"
    return One(view, location=path, links={"endpoint": f"/webhook-endpoints/{view.endpoint_id}"})


ROUTES = (list_webhook_deliveries, get_webhook_delivery, redeliver_webhook)
