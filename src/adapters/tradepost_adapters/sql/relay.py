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
    delete,
    exists,
    func,
    nulls_first,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from tradepost.kernel.events import Message
from tradepost.messaging.delivery import PARTITIONS, DeliveryFailure, PartitionLease, Term, Waiting
from tradepost_adapters.sql.connection import Connection, Row
from tradepost_adapters.sql.statements import Statement, in_list
from tradepost_adapters.sql.tables.messaging import outbox, outbox_failures, outbox_partitions
from tradepost_adapters.sql.types import UtcDateTime

_failures, _partitions = outbox_failures, outbox_partitions
_MOST = bindparam("most", type_=BigInteger())
_NOW = bindparam("now", type_=UtcDateTime())
_UNTIL = bindparam("until", type_=UtcDateTime())


def _deliverable(messages: Any) -> tuple[ColumnElement[bool], ...]:
    """Of the partition in question, not delivered, and not held back by a failure of its aggregate."""
    held_back = exists().where(
        _failures.c.aggregate_id == messages.c.aggregate_id,
        _failures.c.retry_at.is_not(None),
        _failures.c.retry_at > _NOW,
        _failures.c.failed_at <= _UNTIL,  # otherwise the clock was set back since
    )
    return messages.c.partition == _partitions.c.partition, messages.c.settled_at.is_(None), ~held_back


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
    .order_by(nulls_first(_partitions.c.leased_at), _partitions.c.partition)
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
        select(outbox.c.position, outbox.c.partition, func.coalesce(_failures.c.failures, 0), *message)
        .select_from(found.join(outbox, joined).outerjoin(_failures, _failures.c.position == outbox.c.position))
        .where(in_list(_partitions.c.partition, "partitions"))
        .order_by(outbox.c.position)
    )


# So many of each partition: a partition with a long backlog must not keep the others waiting, nor be sorted as a whole.
_WAITING = Statement.by_dialect(
    sqlite=_waiting(_partitions, outbox.c.position.in_(_oldest)),
    postgresql=_waiting(_partitions.join(_lateral, true()), outbox.c.position == _lateral.c.position),
    name="relay.waiting",
)

_SETTLE = Statement(
    update(outbox)
    .where(in_list(outbox.c.position, "positions"))
    .values(settled_at=bindparam("at", type_=UtcDateTime())),
    name="relay.settle",
)
_FORGIVE = Statement(delete(_failures).where(in_list(_failures.c.position, "positions")), name="relay.forgive")
_FAILURE: dict[str, Any] = {column.name: bindparam(column.name, type_=column.type) for column in _failures.columns}
_NOTED = ("failures", "failed_at", "retry_at", "error")


def _noting(insert: Any) -> Any:
    changes = {name: insert.excluded[name] for name in _NOTED}
    return insert.values(_FAILURE).on_conflict_do_update(index_elements=["position"], set_=changes)


_FAIL = Statement.by_dialect(
    sqlite=_noting(sqlite.insert(_failures)), postgresql=_noting(postgresql.insert(_failures)), name="relay.fail"
)
_settled = (
    select(outbox.c.position)
    .where(
        outbox.c.settled_at < bindparam("before"),
        ~exists().where(_failures.c.position == outbox.c.position),
    )
    .order_by(outbox.c.position)
    .limit(_MOST)
)
_PURGE = Statement(delete(outbox).where(outbox.c.position.in_(_settled)), name="relay.purge")


class SqlDeliveries:
    """`Deliveries` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

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

    async def waiting(self, leases: Sequence[PartitionLease], term: Term, limit: int, /) -> tuple[Waiting, ...]:
        partitions = [lease.partition for lease in leases]
        params = {"partitions": partitions, "now": term.now, "until": term.until, "most": limit}
        return tuple(map(_from_row, await self._connection.all(_WAITING, params)))

    async def delivered(self, messages: Sequence[Waiting], at: datetime, /) -> None:
        if messages:
            await self._connection.run(_SETTLE, {"positions": [item.position for item in messages], "at": at})
        if late := [item.position for item in messages if item.failures]:
            await self._connection.run(_FORGIVE, {"positions": late})

    async def failed(self, failures: Sequence[DeliveryFailure], /) -> None:
        for failure in failures:
            await self._connection.run(_FAIL, {name: getattr(failure, name) for name in _FAILURE})
            if failure.retry_at is None:
                await self._connection.run(_SETTLE, {"positions": [failure.position], "at": failure.failed_at})

    async def purge(self, before: datetime, limit: int, /) -> int:
        return await self._connection.run(_PURGE, {"before": before, "most": limit})


def _from_row(row: Row) -> Waiting:
    position, partition, failures, id_, type_, aggregate_id, sequence, payload, occurred_at = row
    return Waiting(
        position=position,
        partition=partition,
        failures=failures,
        message=Message(
            id=id_,
            type=type_,
            aggregate_id=aggregate_id,
            sequence=sequence,
            payload=payload,
            occurred_at=occurred_at,
        ),
    )
