"""Nonces of signed requests, in memory."""

from datetime import datetime
from itertools import islice

from tradepost_adapters.memory.database import Session, TableOf

NONCES = TableOf[str, datetime]("used_nonces")


class MemoryNonces:
    """`Nonces` in memory."""

    def __init__(self, session: Session) -> None:
        self._rows = session.table(NONCES)

    async def use(self, nonce: str, good_until: datetime, /) -> bool:
        if nonce in self._rows:
            return False
        self._rows.add(nonce, good_until)
        return True

    async def purge(self, before: datetime, limit: int, /) -> int:
        old = list(islice((nonce for nonce, until in self._rows.items() if until < before), limit))
        for nonce in old:
            del self._rows[nonce]
        return len(old)
