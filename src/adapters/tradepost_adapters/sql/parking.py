"""Messages that wait for one consumer, in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, delete, func, or_, select, true, update
from sqlalchemy.dialects import postgresql, sqlite

from tradepost.kernel.events import Message
from tradepost.kernel.pages import Page, PageRequest
from tradepost.kernel.wakeups import Topic
from tradepost.messaging.delivery import Term
from tradepost.messaging.parking import Parked, ParkedFilter, ParkedView
from tradepost_adapters.sql.connection import Connection, Reads, Row
from tradepost_adapters.sql.listing import Listing
from tradepost_adapters.sql.statements import Statement, in_list
from tradepost_adapters.sql.tables.messaging import parked_messages as parked
from tradepost_adapters.sql.types import UtcDateTime

_NOW = bindparam("now", type_=UtcDateTime())
_UNTIL = bindparam("until", type_=UtcDateTime())
_MESSAGE = ("type", "aggregate_id", "sequence", "payload", "occurred_at")
_NAMES = ("consumer", "message_id", *_MESSAGE, "parked_at", "retry_at", "failures", "failed_at", "error", "token")
_VALUES: dict[str, Any] = {name: bindparam(name, type_=parked.c[name].type) for name in _NAMES}
_PARK = Statement.by_dialect(
    sqlite=sqlite.insert(parked).values(_VALUES).on_conflict_do_nothing(),
    postgresql=postgresql.insert(parked).values(_VALUES).on_conflict_do_nothing(),
    name="parking.park",
)

_candidate = parked.alias("candidate")
# Gone through once, in the index. Asked of each candidate instead ("is there an earlier one?") it takes fifty times as
# long on Postgres where thousands wait behind one message.
_first = (
    select(parked.c.aggregate_id, parked.c.consumer, func.min(parked.c.sequence).label("sequence"))
    .where(parked.c.retry_at.is_not(None), in_list(parked.c.consumer, "consumers"))
    .group_by(parked.c.aggregate_id, parked.c.consumer)
    .subquery("first")
)
_is_first = and_(
    _candidate.c.aggregate_id == _first.c.aggregate_id,
    _candidate.c.consumer == _first.c.consumer,
    _candidate.c.sequence == _first.c.sequence,
)
_due: ColumnElement[bool] = or_(
    _candidate.c.retry_at <= _NOW,
    func.coalesce(_candidate.c.failed_at, _candidate.c.parked_at) > _UNTIL,  # the clock was set back since
)
_free: ColumnElement[bool] = or_(
    _candidate.c.lease_until.is_(None),
    _candidate.c.lease_until <= _NOW,
    _candidate.c.lease_until > bindparam("beyond", type_=UtcDateTime()),
)
_claimable = (
    select(_candidate.c.position)
    .join(_first, _is_first)
    .where(_candidate.c.retry_at.is_not(None), _due, _free)
    .order_by(_candidate.c.retry_at, _candidate.c.position)
    .limit(bindparam("most", type_=BigInteger()))
    .with_for_update(of=_candidate, skip_locked=True)
    .cte("claimable")
)
_CLAIM = Statement(
    update(parked)
    .where(parked.c.position.in_(select(_claimable.c.position)))
    .values(token=parked.c.token + 1, lease_until=_UNTIL)
    .returning(*(parked.c[name] for name in _NAMES)),
    name="parking.claim",
)

_HELD = (
    parked.c.consumer == bindparam("of_consumer"),
    parked.c.message_id == bindparam("of_message"),
    parked.c.token == bindparam("of_token"),
)
_TAKEN = Statement(delete(parked).where(*_HELD), name="parking.taken")
_FAILED = Statement(
    update(parked)
    .where(*_HELD)
    .values(lease_until=None, **{name: _VALUES[name] for name in ("retry_at", "failures", "failed_at", "error")}),
    name="parking.failed",
)
_REDRIVEN = {"retry_at": bindparam("at", type_=UtcDateTime()), "failures": 0}


def _redrive(name: str, *which: ColumnElement[bool]) -> Statement:
    return Statement(update(parked).where(parked.c.retry_at.is_(None), *which).values(_REDRIVEN), name=name)


_OF_CONSUMER = parked.c.consumer == bindparam("of_consumer")
_THESE = in_list(parked.c.message_id, "message_ids")
_REDRIVE = {
    (False, False): _redrive("parking.redrive", true()),
    (True, False): _redrive("parking.redrive_consumer", _OF_CONSUMER),
    (False, True): _redrive("parking.redrive_messages", _THESE),
    (True, True): _redrive("parking.redrive_messages_of_consumer", _OF_CONSUMER, _THESE),
}
_HOLDING = Statement(
    select(parked.c.consumer, parked.c.aggregate_id)
    .where(in_list(parked.c.aggregate_id, "aggregate_ids"), parked.c.retry_at.is_not(None))
    .distinct(),
    name="parking.holding",
)
_FIELDS = ParkedView.__struct_fields__
_view = select(*(parked.c[name] for name in _FIELDS))
_GET = Statement(
    _view.where(parked.c.consumer == bindparam("of_consumer"), parked.c.message_id == bindparam("of_message")),
    name="parking.view",
)


class SqlParking:
    """`Parking` in SQL."""

    def __init__(self, connection: Connection, wakes: set[Topic]) -> None:
        self._connection = connection
        self._wakes = wakes

    async def park(self, items: Sequence[Parked], /) -> None:
        # In the order of the ids, so that two who park the same wait for each other instead of blocking each other.
        for item in sorted(items, key=lambda each: each.message.id):
            message = {name: getattr(item.message, name) for name in _MESSAGE}
            own = {name: getattr(item, name) for name in _NAMES if name not in message and name != "message_id"}
            await self._connection.run(_PARK, {"message_id": item.message.id, **message, **own})
        if items:
            self._wakes.add(Topic.PARKED)

    async def claim(self, consumers: Sequence[str], term: Term, limit: int, /) -> tuple[Parked, ...]:
        params = {"now": term.now, "until": term.until, "beyond": term.beyond, "most": limit}
        rows = await self._connection.all(_CLAIM, {"consumers": list(consumers), **params})
        return tuple(map(_from_row, rows))

    async def taken(self, items: Sequence[Parked], /) -> None:
        for item in items:
            await self._connection.run(_TAKEN, _held(item))

    async def failed(self, items: Sequence[Parked], /) -> None:
        for item in items:
            changes = {name: getattr(item, name) for name in ("retry_at", "failures", "failed_at", "error")}
            await self._connection.run(_FAILED, {**_held(item), **changes})

    async def redrive(self, consumer: str | None, message_ids: Sequence[str] | None, at: datetime, /) -> int:
        params: dict[str, Any] = {"at": at}
        if consumer is not None:
            params["of_consumer"] = consumer
        if message_ids is not None:
            params["message_ids"] = list(message_ids)
        count = await self._connection.run(_REDRIVE[consumer is not None, message_ids is not None], params)
        if count:
            self._wakes.add(Topic.PARKED)
        return count


class SqlParkedViews:
    """`ParkedViews` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def holding(self, aggregate_ids: Sequence[str], /) -> frozenset[tuple[str, str]]:
        rows = await self._reads.all(_HOLDING, {"aggregate_ids": list(aggregate_ids)})
        return frozenset((consumer, aggregate_id) for consumer, aggregate_id in rows)

    async def get(self, consumer: str, message_id: str, /) -> ParkedView | None:
        row = await self._reads.one(_GET, {"of_consumer": consumer, "of_message": message_id})
        return None if row is None else _view_from(row)

    async def page(self, which: ParkedFilter, request: PageRequest, /) -> Page[ParkedView]:
        return await (_DEAD if which.dead else _WAITING).page(self._reads, request, {"consumer": which.consumer})


def _held(item: Parked) -> dict[str, Any]:
    return {"of_consumer": item.consumer, "of_message": item.message.id, "of_token": item.token}


def _from_row(row: Row) -> Parked:
    values = dict(zip(_NAMES, row, strict=True))
    message = {name: values.pop(name) for name in _MESSAGE}
    message["payload"] = bytes(message["payload"])
    return Parked(message=Message(id=values.pop("message_id"), **message), **values)


def _view_from(row: Row) -> ParkedView:
    values = dict(zip(_FIELDS, row, strict=True))
    return ParkedView(**values | {"payload": msgspec.Raw(bytes(values["payload"]))})


def _listing(name: str, condition: ColumnElement[bool]) -> Listing[ParkedView]:
    return Listing(
        _view.where(condition),
        _view_from,
        name=name,
        key=parked.c.position,
        sorts={"parked_at": parked.c.parked_at},
        default="-parked_at",
        filters={"consumer": parked.c.consumer == bindparam("consumer")},
    )


_DEAD = _listing("dead_letters", parked.c.retry_at.is_(None))
_WAITING = _listing("parked_messages", parked.c.retry_at.is_not(None))
