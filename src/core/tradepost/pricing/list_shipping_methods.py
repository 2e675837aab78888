"""List the shipping methods."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import anybody
from tradepost.kernel.pages import Page, PageRequest
from tradepost.pricing.ports import PricingViews
from tradepost.pricing.views import ShippingMethodView


class ListShippingMethodsCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`active` keeps those that are, or are not."""

    actor: Actor
    page: PageRequest = PageRequest()
    active: bool | None = None


class ListShippingMethods:
    """Sorted by code or by name. Who may not change them sees those on offer."""

    access = anybody(more_with=Permission.PRICING_WRITE)

    def __init__(self, views: PricingViews) -> None:
        self._views = views

    async def __call__(self, command: ListShippingMethodsCommand) -> Page[ShippingMethodView]:
        """Raises `page.invalid`, and `auth.…` for asking after those not on offer without the right to."""
        if self.access.held_by(command.actor):
            return await self._views.shipping_methods(command.page, active=command.active)
        if command.active is False:
            self.access.require_held(command.actor)
        return await self._views.shipping_methods(command.page, active=True)
