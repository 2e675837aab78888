"""Idempotency keys in memory."""

from datetime import datetime

import msgspec

from tradepost.kernel.idempotency import IdempotencyRecord, KeyTaken, Outcome
from tradepost_adapters.memory.database import Index, Session, TableOf, UniqueViolation


def _unanswered(record: IdempotencyRecord) -> str | None:
    return record.resource_id if record.outcome is None else None


KEYS = TableOf[tuple[str, str], IdempotencyRecord]("idempotency", unanswered=Index(_unanswered))


class MemoryIdempotencyRecords:
    """`IdempotencyRecords` over a table; a taken key is refused at once."""

    def __init__(self, session: Session) -> None:
        self._rows = session.table(KEYS)

    async def add(self, record: IdempotencyRecord, /) -> None:
        try:
            self._rows.add((record.scope, record.key), record)
        except UniqueViolation as error:
            raise KeyTaken from error

    async def find(self, scope: str, key: str, /) -> IdempotencyRecord | None:
        return self._rows.get((scope, key))

    async def finish(self, resource_id: str, outcome: Outcome, /) -> None:
        for record in self._rows.by("unanswered", resource_id):
            self._rows[record.scope, record.key] = msgspec.structs.replace(record, outcome=outcome)

    async def purge(self, before: datetime, /) -> int:
        old = [key for key, record in self._rows.items() if record.outcome is not None and record.created_at < before]
        for key in old:
            del self._rows[key]
        return len(old)
