"""Look at one delivery: what was sent, and what came back."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.webhooks.ports import WebhookDeliveryViews
from tradepost.webhooks.views import WebhookDeliveryDetails

_ATTEMPTS = 50


class GetWebhookDeliveryQuery(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    delivery_id: str


class GetWebhookDelivery:
    """For those with `webhooks:read`: the delivery, what is sent, and its latest attempts. Raises NotFound."""

    access = staff(Permission.WEBHOOKS_READ)

    def __init__(self, views: WebhookDeliveryViews) -> None:
        self._views = views

    async def __call__(self, query: GetWebhookDeliveryQuery) -> WebhookDeliveryDetails:
        self.access.check(query.actor)
        view, body = await self._views.get(query.delivery_id)
        attempts = await self._views.attempts(query.delivery_id, _ATTEMPTS)
        return WebhookDeliveryDetails(delivery=view, body=msgspec.Raw(body), attempts=attempts)
