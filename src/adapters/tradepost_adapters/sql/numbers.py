"""Order numbers: rising, without a round trip or a shared row for each."""

import threading

from sqlalchemy import BigInteger, bindparam, text

from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.statements import Statement
from tradepost_adapters.sql.tables.orders import FIRST_NUMBER, NUMBERS_AT_ONCE

_NEXT = Statement.by_dialect(
    # The single writer makes this safe, and the unique constraint on the number stands behind it.
    sqlite=text(f"SELECT coalesce(max(number), {FIRST_NUMBER - 1}) + 1 AS number FROM orders").columns(  # noqa: S608
        number=BigInteger()
    ),
    postgresql=text("SELECT nextval('order_numbers') AS number").columns(number=BigInteger()),
    name="orders.next_number",
)
_RUNS = Statement(
    text("SELECT nextval('order_numbers') AS first FROM generate_series(1, :runs)")
    .bindparams(bindparam("runs", type_=BigInteger()))
    .columns(first=BigInteger()),
    name="orders.runs_of_numbers",
)


class Numbers:
    """Gives out order numbers. On Postgres a process takes a run of numbers from the sequence and counts through it;
    what it has not used when it ends is a gap. One for all transactions of a database."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = 0
        self._end = 0

    async def next(self, connection: Connection) -> int:
        if connection.dialect == "sqlite":
            return await self._asked(connection)
        with self._lock:
            if self._next < self._end:
                number = self._next
                self._next += 1
                return number
        first = await self._asked(connection)
        with self._lock:
            # Another transaction may have fetched a run meanwhile; the older one is given up, which is a gap.
            self._next, self._end = first + 1, first + NUMBERS_AT_ONCE
        return first

    async def many(self, connection: Connection, count: int) -> list[int]:
        """So many at once, in one question; on Postgres the rest of the last run is a gap."""
        if connection.dialect == "sqlite":
            first = await self._asked(connection)
            return list(range(first, first + count))
        runs = await connection.all(_RUNS, {"runs": -(-count // NUMBERS_AT_ONCE)})
        return [number for (first,) in runs for number in range(first, first + NUMBERS_AT_ONCE)][:count]

    @staticmethod
    async def _asked(connection: Connection) -> int:
        row = await connection.one(_NEXT)
        assert row is not None  # noqa: S101 - an aggregate always has a row
        return int(row[0])
