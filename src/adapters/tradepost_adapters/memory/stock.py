"""Stock levels and their movements, in memory."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tradepost.stock.level import InsufficientStock, LevelChange, Movement, Reason, Shortage, merged
from tradepost.stock.views import LevelView
from tradepost_adapters.memory.database import Index, MemoryDatabase, Session, TableOf


class Level(msgspec.Struct, frozen=True):
    """A row: how much lies there, and how much of it is promised."""

    location: str
    sku: str
    on_hand: int
    reserved: int
    low_at: int | None = None


STOCK_LEVELS = TableOf[tuple[str, str], Level]("stock_levels", sku=Index(lambda level: level.sku))
STOCK_MOVEMENTS = TableOf[int, Movement]("stock_movements", sku=Index(lambda movement: movement.sku))


class MemoryStockLevels:
    """`StockLevels` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._levels = session.table(STOCK_LEVELS)
        self._movements = session.table(STOCK_MOVEMENTS)

    async def apply(
        self, changes: Sequence[LevelChange], /, *, reason: Reason, reference: str, actor: str, at: datetime
    ) -> None:
        levels = self._levels
        shortages = []
        after = []
        for change in merged(changes):
            key = (change.location, change.sku)
            level = levels.get(key)
            on_hand, reserved = (level.on_hand, level.reserved) if level else (0, 0)
            now_on_hand, now_reserved = on_hand + change.on_hand, reserved + change.reserved
            if level is None or not now_on_hand >= now_reserved >= 0:
                shortages.append(
                    Shortage(
                        sku=change.sku,
                        location=change.location,
                        requested=change.reserved - change.on_hand,
                        available=on_hand - reserved,
                    )
                )
            else:
                after.append((key, Level(change.location, change.sku, now_on_hand, now_reserved, level.low_at), change))
        if shortages:
            raise InsufficientStock(shortages)
        for key, level, change in after:
            levels[key] = level
            self._movements.add(
                self._session.next("stock_movements"),
                Movement(
                    sku=change.sku,
                    location=change.location,
                    on_hand=change.on_hand,
                    reserved=change.reserved,
                    reason=reason,
                    reference=reference,
                    actor=actor,
                    at=at,
                ),
            )

    async def open(self, skus: Sequence[str], /, *, location: str) -> None:
        for sku in skus:
            if (location, sku) not in self._levels:
                self._levels.add((location, sku), Level(location, sku, 0, 0))


class MemoryStockViews:
    """`StockViews` over committed rows."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def of_sku(self, sku: str, /) -> tuple[LevelView, ...]:
        with self._database.reading() as session:
            levels = session.table(STOCK_LEVELS).by("sku", sku)
        return tuple(_view(level) for level in sorted(levels, key=lambda level: level.location))


def _view(level: Level) -> LevelView:
    return LevelView(
        sku=level.sku,
        location=level.location,
        on_hand=level.on_hand,
        reserved=level.reserved,
        available=level.on_hand - level.reserved,
        low_at=level.low_at,
    )
