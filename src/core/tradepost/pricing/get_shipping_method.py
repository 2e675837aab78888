"""Look at one shipping method."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import anybody
from tradepost.kernel.errors import NotFound
from tradepost.pricing.ports import PricingViews
from tradepost.pricing.views import ShippingMethodView


class GetShippingMethodCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    code: str


class GetShippingMethod:
    """By its code. One not on offer is there only for those who may change it."""

    access = anybody(more_with=Permission.PRICING_WRITE)

    def __init__(self, views: PricingViews) -> None:
        self._views = views

    async def __call__(self, command: GetShippingMethodCommand) -> ShippingMethodView:
        """Raises `shipping_method.not_found`."""
        method = await self._views.shipping_method(command.code)
        if not method.active and not self.access.held_by(command.actor):
            raise NotFound("shipping_method", command.code)
        return method
