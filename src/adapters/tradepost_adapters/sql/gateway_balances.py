"""How far each gateway's balance was read, in SQL."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.statements import Statement
from tradepost_adapters.sql.tables.gateway_balances import gateway_balances as balances

_VALUES: dict[str, Any] = {
    "gateway": bindparam("of_gateway", type_=balances.c.gateway.type),
    "read_to": bindparam("to", type_=balances.c.read_to.type),
}
_READ_TO = Statement(
    select(balances.c.read_to).where(balances.c.gateway == bindparam("of_gateway")), name="gateway_balances.read_to"
)
_sqlite = sqlite.insert(balances).values(_VALUES)
_postgresql = postgresql.insert(balances).values(_VALUES)
_HAS_READ = Statement.by_dialect(
    sqlite=_sqlite.on_conflict_do_update(
        index_elements=["gateway"],
        set_={"read_to": _sqlite.excluded.read_to},
        where=balances.c.read_to < _sqlite.excluded.read_to,
    ),
    postgresql=_postgresql.on_conflict_do_update(
        index_elements=["gateway"],
        set_={"read_to": _postgresql.excluded.read_to},
        where=balances.c.read_to < _postgresql.excluded.read_to,
    ),
    name="gateway_balances.has_read",
)


class SqlGatewayBalances:
    """`GatewayBalances` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def read_to(self, gateway: str, /) -> datetime | None:
        row = await self._connection.one(_READ_TO, {"of_gateway": gateway})
        return None if row is None else row[0]

    async def has_read(self, gateway: str, to: datetime, /) -> None:
        await self._connection.run(_HAS_READ, {"of_gateway": gateway, "to": to})
