"""Stock to look at: one query each."""

from sqlalchemy import bindparam, func, select

from tradepost.kernel.pages import Page, PageRequest
from tradepost.stock.level import Reason
from tradepost.stock.ports import LevelFilter, MovementFilter
from tradepost.stock.views import LevelView, LocationView, MovementView
from tradepost_adapters.sql.connection import Reads, Row
from tradepost_adapters.sql.listing import Listing
from tradepost_adapters.sql.statements import Statement, in_list
from tradepost_adapters.sql.tables.stock import stock_levels, stock_locations, stock_movements
from tradepost_adapters.sql.types import Flag, UtcDateTime

LEVEL = (
    stock_levels.c.sku,
    stock_levels.c.location,
    stock_levels.c.on_hand,
    stock_levels.c.reserved,
    stock_levels.c.low_at,
)
"""The columns `level_view` takes."""


def level_view(row: Row) -> LevelView:
    sku, location, on_hand, reserved, low_at = row
    return LevelView(
        sku=sku, location=location, on_hand=on_hand, reserved=reserved, available=on_hand - reserved, low_at=low_at
    )


def _movement_view(row: Row) -> MovementView:
    id_, location, sku, on_hand, reserved, reason, reference, actor, at = row
    return MovementView(
        id=id_,
        sku=sku,
        location=location,
        on_hand=on_hand,
        reserved=reserved,
        reason=Reason(reason),
        reference=reference,
        actor=actor,
        at=at,
    )


def _location_view(row: Row) -> LocationView:
    code, name = row
    return LocationView(code=code, name=name)


_OF_SKU = Statement(
    select(*LEVEL).where(in_list(stock_levels.c.sku, "skus")).order_by(stock_levels.c.sku, stock_levels.c.location),
    name="stock_levels.of_sku",
)
_available = stock_levels.c.on_hand - stock_levels.c.reserved
_LEVELS = Listing(
    select(*LEVEL),
    level_view,
    name="stock_levels",
    key=stock_levels.c.location + "/" + stock_levels.c.sku,  # no code has a slash in it
    sorts={"sku": stock_levels.c.sku, "location": stock_levels.c.location, "available": _available},
    default="sku",
    filters={
        "sku": stock_levels.c.sku == bindparam("sku"),
        "location": stock_levels.c.location == bindparam("location"),
        "low": func.coalesce(_available <= stock_levels.c.low_at, False) == bindparam("low", type_=Flag()),
    },
)
_MOVEMENTS = Listing(
    select(stock_movements),
    _movement_view,
    name="stock_movements",
    key=stock_movements.c.id,
    sorts={"id": stock_movements.c.id},
    default="-id",
    filters={
        "sku": stock_movements.c.sku == bindparam("sku"),
        "location": stock_movements.c.location == bindparam("location"),
        "reason": stock_movements.c.reason == bindparam("reason"),
        "reference": stock_movements.c.reference == bindparam("reference"),
        "at_from": stock_movements.c.at >= bindparam("at_from", type_=UtcDateTime()),
        "at_before": stock_movements.c.at < bindparam("at_before", type_=UtcDateTime()),
    },
)
_LOCATIONS = Listing(
    select(stock_locations),
    _location_view,
    name="stock_locations",
    key=stock_locations.c.code,
    sorts={"code": stock_locations.c.code, "name": stock_locations.c.name},
    default="code",
)


class SqlStockViews:
    """`StockViews` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def of_sku(self, *skus: str) -> tuple[LevelView, ...]:
        return tuple(level_view(row) for row in await self._reads.all(_OF_SKU, {"skus": list(skus)}))

    async def levels(self, wanted: LevelFilter, page: PageRequest, /) -> Page[LevelView]:
        filters = {"sku": wanted.sku, "location": wanted.location, "low": wanted.low}
        return await _LEVELS.page(self._reads, page, filters)

    async def movements(self, wanted: MovementFilter, page: PageRequest, /) -> Page[MovementView]:
        filters = {
            "sku": wanted.sku,
            "location": wanted.location,
            "reason": None if wanted.reason is None else wanted.reason.value,
            "reference": wanted.reference,
            "at_from": wanted.at_from,
            "at_before": wanted.at_before,
        }
        return await _MOVEMENTS.page(self._reads, page, filters)

    async def locations(self, page: PageRequest, /) -> Page[LocationView]:
        return await _LOCATIONS.page(self._reads, page, {})
