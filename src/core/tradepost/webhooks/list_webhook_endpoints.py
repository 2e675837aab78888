"""Look at who is told of events."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.pages import Page, PageRequest
from tradepost.webhooks.ports import WebhookEndpointViews
from tradepost.webhooks.views import EndpointFilter, WebhookEndpointView


class ListWebhookEndpointsQuery(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    wanted: EndpointFilter = EndpointFilter()
    page: PageRequest = PageRequest()


class ListWebhookEndpoints:
    """For those with `webhooks:read`. Shows no secrets. Raises `page.invalid`."""

    access = staff(Permission.WEBHOOKS_READ)

    def __init__(self, views: WebhookEndpointViews, clock: Clock) -> None:
        self._views = views
        self._clock = clock

    async def __call__(self, query: ListWebhookEndpointsQuery) -> Page[WebhookEndpointView]:
        self.access.check(query.actor)
        return await self._views.list(query.wanted, self._clock.now(), query.page)
