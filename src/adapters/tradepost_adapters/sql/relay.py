"""The relay's side of the outbox, in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    SmallInteger,
    bindparam,
    case,
    delete,
    exists,
    func,
    nulls_first,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from tradepost.kernel.events import Message
from tradepost.kernel.wakeups import Topic
from tradepost.messaging.delivery import PARTITIONS, PartitionLease, Term, Waiting
from tradepost_adapters.sql.connection import Connection, Row
from tradepost_adapters.sql.statements import Statement, in_list, list_of
from tradepost_adapters.sql.tables.messaging import event_log, outbox, outbox_partitions
from tradepost_adapters.sql.types import UtcDateTime

_partitions = outbox_partitions
_MOST = bindparam("most", type_=BigInteger())
_NOW = bindparam("now", type_=UtcDateTime())
_UNTIL = bindparam("until", type_=UtcDateTime())


def _deliverable(messages: Any) -> tuple[ColumnElement[bool], ...]:
    """Of the partition in question, and not delivered."""
    return messages.c.partition == _partitions.c.partition, messages.c.settled_at.is_(None)


_SEED_ROW: dict[str, Any] = {"partition": bindparam("partition", type_=SmallInteger()), "token": 0}
_SEED = Statement.by_dialect(
    sqlite=sqlite.insert(_partitions).values(_SEED_ROW).on_conflict_do_nothing(),
    postgresql=postgresql.insert(_partitions).values(_SEED_ROW).on_conflict_do_nothing(),
    name="relay.seed",
)
_SEEDED = Statement(select(func.count()).select_from(_partitions), name="relay.seeded")

_free = (
    select(_partitions.c.partition)
    .where(
        or_(
            _partitions.c.lease_until.is_(None),
            _partitions.c.lease_until <= _NOW,
            _partitions.c.lease_until > bindparam("beyond", type_=UtcDateTime()),
        ),
        exists().where(*_deliverable(outbox)),
    )
    # What seems to have been leased later than now was leased before the clock was set back: it would be last for that long.
    .order_by(nulls_first(case((_partitions.c.leased_at <= _NOW, _partitions.c.leased_at))), _partitions.c.partition)
    .limit(_MOST)
    .with_for_update(of=_partitions, skip_locked=True)
    .cte("free")
)
_LEASE = Statement(
    update(_partitions)
    .where(_partitions.c.partition.in_(select(_free.c.partition)))
    .values(
        relay=bindparam("relay"),
        token=_partitions.c.token + 1,
        leased_at=_NOW,
        lease_until=_UNTIL,
    )
    .returning(_partitions.c.partition, _partitions.c.token),
    name="relay.lease",
)
# A partition and its token as one number, so that any number of leases is one parameter.
_EXTEND = Statement(
    update(_partitions)
    .where(
        in_list(_partitions.c.token * PARTITIONS + _partitions.c.partition, "leases"),
        _partitions.c.lease_until.is_not(None),
    )
    .values(lease_until=_UNTIL)
    .returning(_partitions.c.partition, _partitions.c.token),
    name="relay.extend",
)

_candidates = outbox.alias("candidates")
_oldest = (
    select(_candidates.c.position)
    .where(*_deliverable(_candidates))
    .order_by(_candidates.c.position)
    .limit(_MOST)
    .correlate(_partitions)
)
_lateral = _oldest.lateral("oldest")


def _waiting(found: FromClause, joined: ColumnElement[bool]) -> Select[Any]:
    message = [outbox.c[name] for name in ("id", "type", "aggregate_id", "sequence", "payload", "occurred_at")]
    return (
        select(outbox.c.position, outbox.c.partition, *message)
        .select_from(found.join(outbox, joined))
        .where(in_list(_partitions.c.partition, "partitions"))
        .order_by(outbox.c.position)
    )


# So many of each partition: a partition with a long backlog must not keep the others waiting, nor be sorted as a whole.
_WAITING = Statement.by_dialect(
    sqlite=_waiting(_partitions, outbox.c.position.in_(_oldest)),
    postgresql=_waiting(_partitions.join(_lateral, true()), outbox.c.position == _lateral.c.position),
    name="relay.waiting",
)

_COUNT = Statement(
    update(event_log)
    .values(last=event_log.c.last + bindparam("count", type_=BigInteger()))
    .returning(event_log.c.last),
    name="event_log.count",
)
# The list holds the positions in the order in which they get their numbers, the last one `last`.
_SETTLE_TYPES = (
    list_of("positions", BigInteger()),
    bindparam("at", type_=UtcDateTime()),
    bindparam("before", type_=BigInteger()),
)
_SETTLE = Statement.by_dialect(
    sqlite=text(
        "UPDATE outbox SET settled_at = :at, number = CAST(:before AS INTEGER) + placed.key + 1 "
        "FROM json_each(:positions) AS placed WHERE outbox.position = placed.value"
    ).bindparams(*_SETTLE_TYPES),
    postgresql=text(
        "UPDATE outbox SET settled_at = :at, number = CAST(:before AS bigint) + placed.place "
        "FROM unnest(CAST(:positions AS bigint[])) WITH ORDINALITY AS placed (position, place) "
        "WHERE outbox.position = placed.position"
    ).bindparams(*_SETTLE_TYPES),
    name="relay.settle",
)
_settled = (
    select(outbox.c.position).where(outbox.c.settled_at < bindparam("before")).order_by(outbox.c.position).limit(_MOST)
)
_PURGE = Statement(delete(outbox).where(outbox.c.position.in_(_settled)), name="relay.purge")


class SqlDeliveries:
    """`Deliveries` in SQL."""

    def __init__(self, connection: Connection, wakes: set[Topic]) -> None:
        self._connection = connection
        self._wakes = wakes

    async def lease(self, relay: str, term: Term, limit: int, /) -> tuple[PartitionLease, ...]:
        params = {"relay": relay, "now": term.now, "until": term.until, "beyond": term.beyond, "most": limit}
        rows = await self._connection.all(_LEASE, params)
        if not rows and await self._seed():
            rows = await self._connection.all(_LEASE, params)
        return tuple(PartitionLease(partition=partition, token=token) for partition, token in rows)

    async def _seed(self) -> bool:
        """Put in the rows of the partitions; False when they are there."""
        count = await self._connection.one(_SEEDED)
        if count is not None and count[0] == PARTITIONS:
            return False
        for partition in range(PARTITIONS):
            await self._connection.run(_SEED, {"partition": partition})
        return True

    async def extend(self, leases: Sequence[PartitionLease], until: datetime | None, /) -> tuple[PartitionLease, ...]:
        numbers = [lease.token * PARTITIONS + lease.partition for lease in leases]
        rows = await self._connection.all(_EXTEND, {"leases": numbers, "until": until})
        return tuple(PartitionLease(partition=partition, token=token) for partition, token in rows)

    async def waiting(self, leases: Sequence[PartitionLease], limit: int, /) -> tuple[Waiting, ...]:
        partitions = [lease.partition for lease in leases]
        return tuple(map(_from_row, await self._connection.all(_WAITING, {"partitions": partitions, "most": limit})))

    async def delivered(self, messages: Sequence[Waiting], at: datetime, /) -> None:
        if not messages:
            return
        count = len(messages)
        row = await self._connection.one(_COUNT, {"count": count})
        assert row is not None, "The event log has no row; run `tradepost migrate up`."  # noqa: S101 - a migration made it
        positions = [item.position for item in messages]
        await self._connection.run(_SETTLE, {"positions": positions, "at": at, "before": row[0] - count})
        self._wakes.add(Topic.EVENTS)

    async def purge(self, before: datetime, limit: int, /) -> int:
        return await self._connection.run(_PURGE, {"before": before, "most": limit})


def _from_row(row: Row) -> Waiting:
    position, partition, id_, type_, aggregate_id, sequence, payload, occurred_at = row
    return Waiting(
        position=position,
        partition=partition,
        message=Message(
            id=id_,
            type=type_,
            aggregate_id=aggregate_id,
            sequence=sequence,
            payload=payload,
            occurred_at=occurred_at,
        ),
    )
