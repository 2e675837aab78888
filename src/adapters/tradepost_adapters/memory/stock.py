"""Stock levels and their movements, in memory."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tradepost.kernel.errors import NotFound
from tradepost.kernel.pages import Page, PageRequest
from tradepost.stock.level import InsufficientStock, LevelChange, Movement, Reason, Shortage, merged
from tradepost.stock.location import MAIN, Location, LocationTaken
from tradepost.stock.ports import LevelFilter, MovementFilter
from tradepost.stock.views import LevelView, LocationView, MovementView
from tradepost_adapters.memory.database import Index, MemoryDatabase, Session, TableOf, UniqueViolation
from tradepost_adapters.memory.listing import page_of


class Level(msgspec.Struct, frozen=True, gc=False):
    """A row: how much lies there, and how much of it is promised."""

    location: str
    sku: str
    on_hand: int
    reserved: int
    low_at: int | None = None


LOCATIONS = TableOf[str, Location]("stock_locations", rows={MAIN.code: MAIN})
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

    async def open(self, skus: Sequence[str], /, *, location: str) -> tuple[str, ...]:
        opened = sorted(sku for sku in set(skus) if (location, sku) not in self._levels)
        for sku in opened:
            self._levels.add((location, sku), Level(location, sku, 0, 0))
        return tuple(opened)

    async def hold(self, skus: Sequence[str], /, *, location: str) -> tuple[LevelView, ...]:
        found = (self._levels.get((location, sku)) for sku in sorted(set(skus)))
        return tuple(_view(level) for level in found if level is not None)

    async def set_low_at(self, sku: str, low_at: int | None, /, *, location: str) -> None:
        key = (location, sku)
        self._levels[key] = msgspec.structs.replace(self._levels[key], low_at=low_at)


class MemoryLocations:
    """`Locations` in memory."""

    def __init__(self, session: Session) -> None:
        self._rows = session.table(LOCATIONS)

    async def get(self, code: str, /) -> Location:
        found = self._rows.get(code)
        if found is None:
            raise NotFound("location", code)
        return found

    async def add(self, location: Location, /) -> None:
        try:
            self._rows.add(location.code, location)
        except UniqueViolation as error:
            raise LocationTaken(location.code) from error


class MemoryStockViews:
    """`StockViews` over committed rows."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def of_sku(self, *skus: str) -> tuple[LevelView, ...]:
        with self._database.reading() as session:
            table = session.table(STOCK_LEVELS)
            levels = [level for sku in set(skus) for level in table.by("sku", sku)]
        return tuple(_view(level) for level in sorted(levels, key=lambda level: (level.sku, level.location)))

    async def levels(self, wanted: LevelFilter, page: PageRequest, /) -> Page[LevelView]:
        with self._database.reading() as session:
            table = session.table(STOCK_LEVELS)
            levels = list(table.values() if wanted.sku is None else table.by("sku", wanted.sku))
        return page_of(
            (
                level
                for level in map(_view, levels)
                if wanted.location in (None, level.location)
                and (wanted.low is None or wanted.low is (level.low_at is not None and level.available <= level.low_at))
            ),
            page,
            lambda level: level,
            key=lambda level: f"{level.location}/{level.sku}",
            sorts={
                "sku": (str, lambda level: level.sku),
                "location": (str, lambda level: level.location),
                "available": (int, lambda level: level.available),
            },
            default="sku",
        )

    async def movements(self, wanted: MovementFilter, page: PageRequest, /) -> Page[MovementView]:
        with self._database.reading() as session:
            rows = list(session.table(STOCK_MOVEMENTS).items())
        return page_of(
            (MovementView.of(id_, movement) for id_, movement in rows if _is_wanted(movement, wanted)),
            page,
            lambda movement: movement,
            key=lambda movement: str(movement.id),
            sorts={"id": (int, lambda movement: movement.id)},
            default="-id",
        )

    async def locations(self, page: PageRequest, /) -> Page[LocationView]:
        with self._database.reading() as session:
            rows = list(session.table(LOCATIONS).values())
        return page_of(
            rows,
            page,
            LocationView.of,
            key=lambda location: location.code,
            sorts={"code": (str, lambda location: location.code), "name": (str, lambda location: location.name)},
            default="code",
        )


def _is_wanted(movement: Movement, wanted: MovementFilter) -> bool:
    return (
        wanted.sku in (None, movement.sku)
        and wanted.location in (None, movement.location)
        and wanted.reason in (None, movement.reason)
        and wanted.reference in (None, movement.reference)
        and (wanted.at_from is None or movement.at >= wanted.at_from)
        and (wanted.at_before is None or movement.at < wanted.at_before)
    )


def _view(level: Level) -> LevelView:
    return LevelView(
        sku=level.sku,
        location=level.location,
        on_hand=level.on_hand,
        reserved=level.reserved,
        available=level.on_hand - level.reserved,
        low_at=level.low_at,
    )
