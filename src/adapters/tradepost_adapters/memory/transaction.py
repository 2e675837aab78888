"""The transaction of the memory adapter: one lazily made property for each repository."""

from functools import cached_property

from tradepost_adapters.memory.database import Session
from tradepost_adapters.memory.idempotency import MemoryIdempotencyRecords
from tradepost_adapters.memory.outbox import MemoryOutbox


class MemoryTransaction:
    """Satisfies every use case's narrow transaction. `MemoryTransactions(database, MemoryTransaction)` makes them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @cached_property
    def outbox(self) -> MemoryOutbox:
        return MemoryOutbox(self._session)

    @cached_property
    def idempotency(self) -> MemoryIdempotencyRecords:
        return MemoryIdempotencyRecords(self._session)
