"""Say how many of some SKUs there are: for sale now, and elsewhere."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.kernel.errors import Fault, Invalid
from tradepost.stock.level import DEFAULT_LOCATION
from tradepost.stock.ports import StockViews
from tradepost.stock.views import AvailabilityView, LevelView

MAX_SKUS = 100


class GetAvailabilityQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which SKUs; each is answered once."""

    actor: Actor
    skus: tuple[str, ...]


class GetAvailability:
    """Every SKU asked for is answered, in that order; one that was never stocked with zeros."""

    access = staff(Permission.STOCK_READ)

    def __init__(self, views: StockViews) -> None:
        self._views = views

    async def __call__(self, query: GetAvailabilityQuery) -> tuple[AvailabilityView, ...]:
        """Raises `stock.query_invalid`."""
        self.access.check(query.actor)
        skus = tuple(dict.fromkeys(query.skus))
        if not 1 <= len(skus) <= MAX_SKUS:
            raise Invalid(
                "stock.query_invalid",
                "Availability can not be told: see errors.",
                Fault("/skus", f"name 1 to {MAX_SKUS} SKUs, not {len(skus)}"),
            )
        levels: dict[str, list[LevelView]] = {sku: [] for sku in skus}
        for level in await self._views.of_sku(*skus):
            levels[level.sku].append(level)
        return tuple(_view(sku, found) for sku, found in levels.items())


def _view(sku: str, levels: list[LevelView]) -> AvailabilityView:
    return AvailabilityView(
        sku=sku,
        sellable=sum(level.available for level in levels if level.location == DEFAULT_LOCATION),
        available=sum(level.available for level in levels),
        on_hand=sum(level.on_hand for level in levels),
        reserved=sum(level.reserved for level in levels),
        levels=tuple(levels),
    )
