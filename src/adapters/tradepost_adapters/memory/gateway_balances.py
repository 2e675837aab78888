"""How far each gateway's balance was read, in memory."""

from datetime import datetime

from tradepost_adapters.memory.database import Session, TableOf

_READ = TableOf[str, datetime]("gateway_balances")


class MemoryGatewayBalances:
    """`GatewayBalances` in memory."""

    def __init__(self, session: Session) -> None:
        self._read = session.table(_READ)

    async def read_to(self, gateway: str, /) -> datetime | None:
        return self._read.get(gateway)

    async def has_read(self, gateway: str, to: datetime, /) -> None:
        self._read[gateway] = max(to, self._read.get(gateway) or to)
