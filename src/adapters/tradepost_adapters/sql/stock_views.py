"""Stock to look at: one query each."""

from sqlalchemy import bindparam, select

from tradepost.stock.views import LevelView
from tradepost_adapters.sql.connection import Reads, Row
from tradepost_adapters.sql.statements import Statement
from tradepost_adapters.sql.tables.stock import stock_levels

_LEVEL = (
    stock_levels.c.sku,
    stock_levels.c.location,
    stock_levels.c.on_hand,
    stock_levels.c.reserved,
    stock_levels.c.low_at,
)


def _view(row: Row) -> LevelView:
    sku, location, on_hand, reserved, low_at = row
    return LevelView(
        sku=sku, location=location, on_hand=on_hand, reserved=reserved, available=on_hand - reserved, low_at=low_at
    )


_OF_SKU = Statement(
    select(*_LEVEL).where(stock_levels.c.sku == bindparam("sku")).order_by(stock_levels.c.location),
    name="stock_levels.of_sku",
)


class SqlStockViews:
    """`StockViews` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def of_sku(self, sku: str, /) -> tuple[LevelView, ...]:
        return tuple(_view(row) for row in await self._reads.all(_OF_SKU, {"sku": sku}))
