"""Look at one endpoint."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.webhooks.ports import WebhookEndpointViews
from tradepost.webhooks.views import WebhookEndpointView


class GetWebhookEndpointQuery(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    endpoint_id: str


class GetWebhookEndpoint:
    """For those with `webhooks:read`. Shows no secret. Raises NotFound."""

    access = staff(Permission.WEBHOOKS_READ)

    def __init__(self, views: WebhookEndpointViews, clock: Clock) -> None:
        self._views = views
        self._clock = clock

    async def __call__(self, query: GetWebhookEndpointQuery) -> WebhookEndpointView:
        self.access.check(query.actor)
        return await self._views.get(query.endpoint_id, self._clock.now())
