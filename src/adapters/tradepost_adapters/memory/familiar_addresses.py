"""Where users have signed in from before, in memory."""

from datetime import datetime
from itertools import islice

from tradepost_adapters.memory.database import MemoryDatabase, Session, TableOf

FAMILIAR_ADDRESSES = TableOf[tuple[str, str], datetime]("familiar_addresses")


class MemoryFamiliarAddresses:
    """`FamiliarAddresses` in memory."""

    def __init__(self, session: Session) -> None:
        self._rows = session.table(FAMILIAR_ADDRESSES)

    async def note(self, user_id: str, digest: str, at: datetime, /) -> None:
        self._rows[user_id, digest] = at

    async def purge(self, before: datetime, limit: int, /) -> int:
        old = list(islice((key for key, at in self._rows.items() if at < before), limit))
        for key in old:
            del self._rows[key]
        return len(old)


class MemoryFamiliarAddressViews:
    """`FamiliarAddressViews` over committed rows."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def knows(self, user_id: str, digest: str, since: datetime, /) -> bool:
        with self._database.reading() as session:
            seen_at = session.table(FAMILIAR_ADDRESSES).get((user_id, digest))
        return seen_at is not None and seen_at >= since
