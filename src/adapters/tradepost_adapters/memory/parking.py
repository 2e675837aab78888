"""Messages that wait for one consumer, in memory."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tradepost.kernel.pages import Page, PageRequest
from tradepost.kernel.wakeups import Topic
from tradepost.messaging.delivery import Term
from tradepost.messaging.parking import Parked, ParkedFilter, ParkedView
from tradepost_adapters.memory.database import Index, MemoryDatabase, Session, TableOf
from tradepost_adapters.memory.listing import page_of


class ParkedRow(msgspec.Struct, frozen=True):
    """What is parked, and until when it is claimed."""

    parked: Parked
    lease_until: datetime | None = None


def _holding(row: ParkedRow) -> str | None:
    return None if row.parked.retry_at is None else row.parked.message.aggregate_id


PARKED = TableOf[tuple[str, str], ParkedRow]("parked_messages", holding=Index(_holding))


class MemoryParking:
    """`Parking` in memory."""

    def __init__(self, session: Session, wakes: set[Topic]) -> None:
        self._rows = session.table(PARKED)
        self._wakes = wakes

    async def park(self, items: Sequence[Parked], /) -> None:
        for item in items:
            if _key(item) not in self._rows:
                self._rows.add(_key(item), ParkedRow(item))
            self._wakes.add(Topic.PARKED)

    async def claim(self, consumers: Sequence[str], term: Term, limit: int, /) -> tuple[Parked, ...]:
        firsts: dict[tuple[str, str], ParkedRow] = {}
        for row in self._rows.values():
            parked = row.parked
            if parked.retry_at is not None and parked.consumer in consumers:
                first = firsts.setdefault((parked.consumer, parked.message.aggregate_id), row)
                if parked.message.sequence < first.parked.message.sequence:
                    firsts[parked.consumer, parked.message.aggregate_id] = row
        due = [row for row in firsts.values() if _claimable(row, term)]
        due.sort(key=lambda row: row.parked.retry_at or term.now)
        claimed: list[Parked] = []
        for row in due[:limit]:
            parked = msgspec.structs.replace(row.parked, token=row.parked.token + 1)
            self._rows[_key(parked)] = ParkedRow(parked, term.until)
            claimed.append(parked)
        return tuple(claimed)

    async def taken(self, items: Sequence[Parked], /) -> None:
        for item in items:
            if self._holds(item):
                del self._rows[_key(item)]

    async def failed(self, items: Sequence[Parked], /) -> None:
        for item in items:
            if self._holds(item):
                self._rows[_key(item)] = ParkedRow(item)

    def _holds(self, item: Parked) -> bool:
        row = self._rows.get(_key(item))
        return row is not None and row.parked.token == item.token

    async def redrive(self, consumer: str | None, message_ids: Sequence[str] | None, at: datetime, /) -> int:
        dead = [
            row.parked
            for row in self._rows.values()
            if row.parked.retry_at is None
            and consumer in (None, row.parked.consumer)
            and (message_ids is None or row.parked.message.id in message_ids)
        ]
        for parked in dead:
            self._rows[_key(parked)] = ParkedRow(msgspec.structs.replace(parked, retry_at=at, failures=0))
            self._wakes.add(Topic.PARKED)
        return len(dead)


class MemoryParkedViews:
    """`ParkedViews` in memory."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def holding(self, aggregate_ids: Sequence[str], /) -> frozenset[tuple[str, str]]:
        with self._database.reading() as session:
            rows = session.table(PARKED)
            return frozenset((row.parked.consumer, each) for each in aggregate_ids for row in rows.by("holding", each))

    async def get(self, consumer: str, message_id: str, /) -> ParkedView | None:
        with self._database.reading() as session:
            row = session.table(PARKED).get((consumer, message_id))
            return None if row is None else _view(row)

    async def page(self, which: ParkedFilter, request: PageRequest, /) -> Page[ParkedView]:
        with self._database.reading() as session:
            rows = [
                row
                for row in session.table(PARKED).values()
                if (row.parked.retry_at is None) is which.dead and which.consumer in (None, row.parked.consumer)
            ]
            return page_of(
                rows,
                request,
                _view,
                key=lambda row: ":".join(_key(row.parked)),
                sorts={"parked_at": (datetime, lambda row: row.parked.parked_at)},
                default="-parked_at",
            )


def _key(item: Parked) -> tuple[str, str]:
    return item.consumer, item.message.id


def _claimable(row: ParkedRow, term: Term) -> bool:
    parked = row.parked
    set_back = (parked.failed_at or parked.parked_at) > term.until
    due = parked.retry_at is not None and parked.retry_at <= term.now
    held = row.lease_until is not None and term.now < row.lease_until <= term.beyond
    return (due or set_back) and not held


def _view(row: ParkedRow) -> ParkedView:
    parked, message = row.parked, row.parked.message
    return ParkedView(
        consumer=parked.consumer,
        message_id=message.id,
        type=message.type,
        aggregate_id=message.aggregate_id,
        sequence=message.sequence,
        occurred_at=message.occurred_at,
        parked_at=parked.parked_at,
        retry_at=parked.retry_at,
        failures=parked.failures,
        failed_at=parked.failed_at,
        error=parked.error,
        payload=msgspec.Raw(message.payload),
    )
