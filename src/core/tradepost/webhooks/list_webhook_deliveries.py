"""Look at what was sent to endpoints, and what was not."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.kernel.pages import Page, PageRequest
from tradepost.webhooks.ports import WebhookDeliveryViews
from tradepost.webhooks.views import DeliveryFilter, WebhookDeliveryView


class ListWebhookDeliveriesQuery(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    wanted: DeliveryFilter = DeliveryFilter()
    page: PageRequest = PageRequest()


class ListWebhookDeliveries:
    """For those with `webhooks:read`, the latest first. Raises `page.invalid`."""

    access = staff(Permission.WEBHOOKS_READ)

    def __init__(self, views: WebhookDeliveryViews) -> None:
        self._views = views

    async def __call__(self, query: ListWebhookDeliveriesQuery) -> Page[WebhookDeliveryView]:
        self.access.check(query.actor)
        return await self._views.list(query.wanted, query.page)
