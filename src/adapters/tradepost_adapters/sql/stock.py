"""Stock levels in SQL: one conditional update for a whole order, rows locked in key order."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, Text, bindparam, text

from tradepost.stock.level import InsufficientStock, LevelChange, Reason, Shortage, merged
from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.statements import Insert, Statement
from tradepost_adapters.sql.tables.stock import stock_movements
from tradepost_adapters.sql.types import Json

_CHANGES = bindparam("changes", type_=Json())

# SQLite has one writer, so nothing can change between the question and the update; the CHECKs stand behind both.
_APPLY = Statement.by_dialect(
    sqlite=text(
        """
        UPDATE stock_levels SET
            on_hand = stock_levels.on_hand + change.on_hand,
            reserved = stock_levels.reserved + change.reserved
        FROM (
            SELECT value ->> 0 AS location, value ->> 1 AS sku, value ->> 2 AS on_hand, value ->> 3 AS reserved
            FROM json_each(:changes)
        ) AS change
        WHERE stock_levels.location = change.location AND stock_levels.sku = change.sku
            AND stock_levels.reserved + change.reserved >= 0
            AND stock_levels.on_hand + change.on_hand >= stock_levels.reserved + change.reserved
        RETURNING location, sku
        """
    )
    .bindparams(_CHANGES)
    .columns(location=Text(), sku=Text()),
    # The lock comes first and in key order; the update then sees each row as it was locked.
    postgresql=text(
        """
        WITH change AS MATERIALIZED (
            SELECT value ->> 0 AS location, value ->> 1 AS sku,
                (value ->> 2)::bigint AS on_hand, (value ->> 3)::bigint AS reserved
            FROM jsonb_array_elements(:changes) AS value
        ), locked AS MATERIALIZED (
            SELECT level.location, level.sku, change.on_hand, change.reserved
            FROM stock_levels AS level JOIN change USING (location, sku)
            ORDER BY level.location, level.sku
            FOR UPDATE OF level
        )
        UPDATE stock_levels SET
            on_hand = stock_levels.on_hand + locked.on_hand,
            reserved = stock_levels.reserved + locked.reserved
        FROM locked
        WHERE stock_levels.location = locked.location AND stock_levels.sku = locked.sku
            AND stock_levels.reserved + locked.reserved >= 0
            AND stock_levels.on_hand + locked.on_hand >= stock_levels.reserved + locked.reserved
        RETURNING stock_levels.location, stock_levels.sku
        """
    )
    .bindparams(_CHANGES)
    .columns(location=Text(), sku=Text()),
    name="stock.apply",
)

_AVAILABLE = Statement.by_dialect(
    sqlite=text(
        """
        SELECT change.value ->> 0, change.value ->> 1, coalesce(level.on_hand - level.reserved, 0)
        FROM json_each(:changes) AS change
        LEFT JOIN stock_levels AS level ON level.location = change.value ->> 0 AND level.sku = change.value ->> 1
        """
    )
    .bindparams(_CHANGES)
    .columns(location=Text(), sku=Text(), available=BigInteger()),
    postgresql=text(
        """
        SELECT change ->> 0 AS location, change ->> 1 AS sku, coalesce(level.on_hand - level.reserved, 0) AS available
        FROM jsonb_array_elements(:changes) AS change
        LEFT JOIN stock_levels AS level ON level.location = change ->> 0 AND level.sku = change ->> 1
        """
    )
    .bindparams(_CHANGES)
    .columns(location=Text(), sku=Text(), available=BigInteger()),
    name="stock.available",
)

_OPEN = Statement.by_dialect(
    sqlite=text(
        """
        INSERT INTO stock_levels (location, sku, on_hand, reserved)
        SELECT :location, value, 0, 0 FROM json_each(:skus) WHERE true ON CONFLICT DO NOTHING
        """
    ).bindparams(bindparam("skus", type_=Json()), bindparam("location", type_=Text())),
    postgresql=text(
        """
        INSERT INTO stock_levels (location, sku, on_hand, reserved)
        SELECT :location, value, 0, 0 FROM jsonb_array_elements_text(:skus) AS value ORDER BY value
        ON CONFLICT DO NOTHING
        """
    ).bindparams(bindparam("skus", type_=Json()), bindparam("location", type_=Text())),
    name="stock.open",
)

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
        params = {"changes": [(each.location, each.sku, each.on_hand, each.reserved) for each in wanted]}
        done = set(await self._connection.all(_APPLY, params))
        if len(done) != len(wanted):
            raise InsufficientStock(
                await self._shortages([each for each in wanted if (each.location, each.sku) not in done])
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

    async def _shortages(self, short: Sequence[LevelChange]) -> list[Shortage]:
        requested = {(each.location, each.sku): each.reserved - each.on_hand for each in short}
        rows = await self._connection.all(_AVAILABLE, {"changes": list(requested)})
        return [
            Shortage(sku=sku, location=location, requested=requested[location, sku], available=available)
            for location, sku, available in rows
        ]

    async def open(self, skus: Sequence[str], /, *, location: str) -> None:
        await self._connection.run(_OPEN, {"skus": list(skus), "location": location})
