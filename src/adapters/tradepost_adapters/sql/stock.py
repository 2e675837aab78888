"""Stock levels in SQL: one conditional update for a whole order, rows locked in key order."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, Text, bindparam, select, text, update

from tradepost.kernel.errors import NotFound
from tradepost.stock.level import InsufficientStock, LevelChange, Reason, Shortage, merged
from tradepost.stock.location import Location, LocationTaken
from tradepost.stock.views import LevelView
from tradepost_adapters.sql.connection import Connection, Row, UniqueViolation
from tradepost_adapters.sql.statements import Change, Insert, Statement, in_list
from tradepost_adapters.sql.stock_views import LEVEL, level_view
from tradepost_adapters.sql.tables.stock import stock_levels, stock_locations, stock_movements
from tradepost_adapters.sql.types import Json

_SHORT = Statement.by_dialect(
    sqlite=text(
        """
        SELECT change.value ->> 0, change.value ->> 1, coalesce(level.on_hand, 0), coalesce(level.reserved, 0)
        FROM json_each(:document) AS change
        LEFT JOIN stock_levels AS level ON level.location = change.value ->> 0 AND level.sku = change.value ->> 1
        """
    )
    .bindparams(bindparam("document", type_=Json()))
    .columns(location=Text(), sku=Text(), on_hand=BigInteger(), reserved=BigInteger()),
    postgresql=text(
        """
        SELECT change ->> 0 AS location, change ->> 1 AS sku,
            coalesce(level.on_hand, 0) AS on_hand, coalesce(level.reserved, 0) AS reserved
        FROM jsonb_array_elements(:document) AS change
        LEFT JOIN stock_levels AS level ON level.location = change ->> 0 AND level.sku = change ->> 1
        """
    )
    .bindparams(bindparam("document", type_=Json()))
    .columns(location=Text(), sku=Text(), on_hand=BigInteger(), reserved=BigInteger()),
    name="stock_levels.short",
)

_APPLY = Change(
    stock_levels,
    # SQLite has one writer, so nothing can change between the question and the update; the CHECKs stand behind both.
    sqlite="""
        UPDATE stock_levels SET
            on_hand = stock_levels.on_hand + change.on_hand,
            reserved = stock_levels.reserved + change.reserved
        FROM (
            SELECT value ->> 0 AS location, value ->> 1 AS sku, value ->> 2 AS on_hand, value ->> 3 AS reserved
            FROM json_each(?)
        ) AS change
        WHERE stock_levels.location = change.location AND stock_levels.sku = change.sku
            AND stock_levels.reserved + change.reserved >= 0
            AND stock_levels.on_hand + change.on_hand >= stock_levels.reserved + change.reserved
        """,
    # The lock comes first and in key order; the update then sees each row as it was locked.
    postgresql=(
        """change AS MATERIALIZED (
            SELECT value ->> 0 AS location, value ->> 1 AS sku,
                (value ->> 2)::bigint AS on_hand, (value ->> 3)::bigint AS reserved
            FROM jsonb_array_elements({document}) AS value
        )""",
        """locked AS MATERIALIZED (
            SELECT level.location, level.sku, change.on_hand, change.reserved
            FROM stock_levels AS level JOIN change USING (location, sku)
            ORDER BY level.location, level.sku
            FOR UPDATE OF level
        )""",
        """changed AS (
            UPDATE stock_levels SET
                on_hand = stock_levels.on_hand + locked.on_hand,
                reserved = stock_levels.reserved + locked.reserved
            FROM locked
            WHERE stock_levels.location = locked.location AND stock_levels.sku = locked.sku
                AND stock_levels.reserved + locked.reserved >= 0
                AND stock_levels.on_hand + locked.on_hand >= stock_levels.reserved + locked.reserved
            RETURNING 1
        )""",
    ),
    explain=_SHORT,
    name="stock.apply",
)

_OPEN = Statement.by_dialect(
    sqlite=text(
        """
        INSERT INTO stock_levels (location, sku, on_hand, reserved)
        SELECT :location, value, 0, 0 FROM json_each(:skus) WHERE true ON CONFLICT DO NOTHING
        RETURNING sku
        """
    )
    .bindparams(bindparam("skus", type_=Json()), bindparam("location", type_=Text()))
    .columns(sku=Text()),
    postgresql=text(
        """
        INSERT INTO stock_levels (location, sku, on_hand, reserved)
        SELECT :location, value, 0, 0 FROM jsonb_array_elements_text(:skus) AS value ORDER BY value
        ON CONFLICT DO NOTHING
        RETURNING sku
        """
    )
    .bindparams(bindparam("skus", type_=Json()), bindparam("location", type_=Text()))
    .columns(sku=Text()),
    name="stock.open",
)

# FOR UPDATE is left out on SQLite, where whoever writes is alone.
_HOLD = Statement(
    select(*LEVEL)
    .where(stock_levels.c.location == bindparam("location"), in_list(stock_levels.c.sku, "skus"))
    .order_by(stock_levels.c.location, stock_levels.c.sku)
    .with_for_update(),
    name="stock.hold",
)

_SET_LOW_AT = Statement(
    update(stock_levels)
    .where(stock_levels.c.location == bindparam("at_location"), stock_levels.c.sku == bindparam("of_sku"))
    .values(low_at=bindparam("threshold", type_=BigInteger())),
    name="stock.set_low_at",
)

_LOCATION = Statement(select(stock_locations).where(stock_locations.c.code == bindparam("code")), name="locations.get")
_ADD_LOCATION = Insert(stock_locations)
_MOVEMENT = Insert(stock_movements)


class SqlStockLevels:
    """`StockLevels` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def apply(
        self, changes: Sequence[LevelChange], /, *, reason: Reason, reference: str, actor: str, at: datetime
    ) -> None:
        wanted = merged(changes)
        if not wanted:
            return
        await self._connection.change(
            _APPLY,
            [(each.location, each.sku, each.on_hand, each.reserved) for each in wanted],
            rows=len(wanted),
            otherwise=lambda rows: _insufficient(wanted, rows),
        )
        self._connection.defer(
            _MOVEMENT,
            [
                {
                    "location": each.location,
                    "sku": each.sku,
                    "on_hand": each.on_hand,
                    "reserved": each.reserved,
                    "reason": reason.value,
                    "reference": reference,
                    "actor": actor,
                    "at": at,
                }
                for each in wanted
            ],
        )

    async def open(self, skus: Sequence[str], /, *, location: str) -> tuple[str, ...]:
        rows = await self._connection.all(_OPEN, {"skus": sorted(set(skus)), "location": location})
        return tuple(sorted(sku for (sku,) in rows))

    async def hold(self, skus: Sequence[str], /, *, location: str) -> tuple[LevelView, ...]:
        rows = await self._connection.all(_HOLD, {"skus": list(skus), "location": location})
        return tuple(sorted(map(level_view, rows), key=lambda level: level.sku))

    async def set_low_at(self, sku: str, low_at: int | None, /, *, location: str) -> None:
        await self._connection.run(_SET_LOW_AT, {"of_sku": sku, "threshold": low_at, "at_location": location})


class SqlLocations:
    """`Locations` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self, code: str, /) -> Location:
        row = await self._connection.one(_LOCATION, {"code": code})
        if row is None:
            raise NotFound("location", code)
        return Location(code=row[0], name=row[1])

    async def add(self, location: Location, /) -> None:
        """At once, and not at commit, so that the refusal can name the code."""
        try:
            await self._connection.insert(_ADD_LOCATION, [{"code": location.code, "name": location.name}])
        except UniqueViolation as error:
            raise LocationTaken(location.code) from error


def _insufficient(wanted: Sequence[LevelChange], rows: Sequence[Row]) -> InsufficientStock:
    """Names the levels that fall short as they are now; all of them, when what was short has come back meanwhile."""
    levels = {(location, sku): (on_hand, reserved) for location, sku, on_hand, reserved in rows}
    short, every = [], []
    for change in wanted:
        on_hand, reserved = levels[change.location, change.sku]
        shortage = Shortage(
            sku=change.sku,
            location=change.location,
            requested=change.reserved - change.on_hand,
            available=on_hand - reserved,
        )
        every.append(shortage)
        if not on_hand + change.on_hand >= reserved + change.reserved >= 0:
            short.append(shortage)
    return InsufficientStock(short or every)
