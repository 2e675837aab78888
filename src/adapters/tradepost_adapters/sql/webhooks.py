"""Webhooks to other systems, in SQL."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Integer, LargeBinary, Text, bindparam, delete, func, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from tradepost.kernel.transactions import StaleVersion
from tradepost.webhooks.delivery import DeliveryState, WebhookAttempt, WebhookDelivery
from tradepost.webhooks.endpoint import EndpointHealth, EndpointState, Listener, StateReason, WebhookEndpoint
from tradepost_adapters.sql.aggregates import Facts, Mapper, SqlAggregates
from tradepost_adapters.sql.connection import Connection, Row
from tradepost_adapters.sql.statements import Insert, Statement, in_list, list_of
from tradepost_adapters.sql.tables.webhooks import webhook_attempts as attempts
from tradepost_adapters.sql.tables.webhooks import webhook_deliveries as deliveries
from tradepost_adapters.sql.tables.webhooks import webhook_endpoints as endpoints
from tradepost_adapters.sql.types import UtcDateTime

_MOST = bindparam("most", type_=BigInteger())
_AT = bindparam("at", type_=UtcDateTime())
_MICROSECOND = timedelta(microseconds=1)


def endpoint_from(row: Row) -> tuple[WebhookEndpoint, EndpointHealth]:
    """From all columns, in their order."""
    (id_, version, url, description, events, secrets, owner_email, metadata, state, reason, state_since, created_by,
     created_at, failing_since, failures) = row  # fmt: skip
    endpoint = WebhookEndpoint(
        id=id_,
        version=version,
        url=url,
        description=description,
        events=events,
        secrets=secrets,
        owner_email=owner_email,
        metadata=metadata,
        state=EndpointState(state),
        reason=None if reason is None else StateReason(reason),
        state_since=state_since,
        created_by=created_by,
        created_at=created_at,
    )
    return endpoint, EndpointHealth(failing_since=failing_since, failures=failures)


def _endpoint_row(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "description": endpoint.description,
        "events": endpoint.events,
        "secrets": endpoint.secrets,
        "owner_email": endpoint.owner_email,
        "metadata": endpoint.metadata,
        "state": endpoint.state.value,
        "reason": None if endpoint.reason is None else endpoint.reason.value,
        "state_since": endpoint.state_since,
        "created_by": endpoint.created_by,
        "created_at": endpoint.created_at,
        "failing_since": None,
        "failures": 0,
    }


_ENDPOINT = Mapper(
    endpoints,
    "webhook_endpoint",
    _endpoint_row,
    lambda row: endpoint_from(row)[0],
    fixed=("created_by", "created_at", "failing_since", "failures"),
)
GET_ENDPOINT = _ENDPOINT.get
LISTENERS = Statement(
    select(endpoints.c.id, endpoints.c.events, endpoints.c.state)
    .where(endpoints.c.state != EndpointState.DISABLED.value)
    .order_by(endpoints.c.created_at, endpoints.c.id),
    name="webhook_endpoints.listeners",
)
_REMOVE = Statement(
    delete(endpoints).where(endpoints.c.id == bindparam("id"), endpoints.c.version == bindparam("was")),
    name="webhook_endpoints.remove",
)
_COUNT = Statement(select(func.count()).select_from(endpoints), name="webhook_endpoints.count")
_HEALTH = Statement(
    select(endpoints.c.failing_since, endpoints.c.failures).where(endpoints.c.id == bindparam("id")),
    name="webhook_endpoints.health",
)
_FAILED = Statement(
    update(endpoints)
    .where(endpoints.c.id == bindparam("of"))
    .values(failing_since=func.coalesce(endpoints.c.failing_since, _AT), failures=endpoints.c.failures + 1)
    .returning(endpoints.c.failing_since, endpoints.c.failures),
    name="webhook_endpoints.failed",
)
_RECOVERED = Statement(
    # Only where something failed, so that those that go well do not wait for each other.
    update(endpoints)
    .where(endpoints.c.id == bindparam("of"), endpoints.c.failures > 0)
    .values(failing_since=None, failures=0),
    name="webhook_endpoints.recovered",
)


def listener_from(row: Row) -> Listener:
    return Listener(id=row[0], events=row[1], state=EndpointState(row[2]))


class SqlWebhookEndpoints(SqlAggregates[WebhookEndpoint]):
    """`WebhookEndpoints` in SQL."""

    def __init__(self, connection: Connection, facts: Facts) -> None:
        super().__init__(connection, facts, _ENDPOINT)

    async def remove(self, endpoint: WebhookEndpoint, /) -> None:
        if await self._connection.run(_REMOVE, {"id": endpoint.id, "was": endpoint.version}) != 1:
            raise StaleVersion(endpoint.id)

    async def count(self) -> int:
        row = await self._connection.one(_COUNT)
        return row[0] if row else 0

    async def listeners(self) -> tuple[Listener, ...]:
        return tuple(map(listener_from, await self._connection.all(LISTENERS)))

    async def health(self, endpoint_id: str, /) -> EndpointHealth:
        return _health_from(await self._connection.one(_HEALTH, {"id": endpoint_id}))

    async def failed(self, endpoint_id: str, at: datetime, /) -> EndpointHealth:
        return _health_from(await self._connection.one(_FAILED, {"of": endpoint_id, "at": at}))

    async def recovered(self, endpoint_id: str, /) -> None:
        await self._connection.run(_RECOVERED, {"of": endpoint_id})


def _health_from(row: Row | None) -> EndpointHealth:
    return EndpointHealth() if row is None else EndpointHealth(failing_since=row[0], failures=row[1])


_NAMES = tuple(column.name for column in deliveries.columns)


def _delivery_from(row: Row) -> WebhookDelivery:
    values = dict(zip(_NAMES, row, strict=True))
    values["state"] = DeliveryState(values["state"])
    values["body"] = bytes(values["body"])
    return WebhookDelivery(**values)


def _delivery_row(delivery: WebhookDelivery) -> dict[str, Any]:
    row = {name: getattr(delivery, name) for name in _NAMES if name != "version"}
    row["state"] = delivery.state.value
    return row


_DELIVERY = Mapper(
    deliveries,
    "webhook_delivery",
    _delivery_row,
    _delivery_from,
    fixed=("endpoint_id", "message_id", "event_type", "body", "created_at"),
)
_VALUES: dict[str, Any] = {name: bindparam(name, type_=deliveries.c[name].type) for name in _NAMES}
_ADD = Statement.by_dialect(
    sqlite=sqlite.insert(deliveries).values(_VALUES).on_conflict_do_nothing(),
    # Waits for another transaction that is adding the same, and then knows whether it did.
    postgresql=postgresql.insert(deliveries).values(_VALUES).on_conflict_do_nothing(),
    name="webhook_deliveries.add",
)
_ARRAYS = {Text: "text", Integer: "integer", LargeBinary: "bytea", UtcDateTime: "timestamptz"}
_ADD_ALL = Statement.by_dialect(
    sqlite=sqlite.insert(deliveries).values(_VALUES).on_conflict_do_nothing().returning(deliveries.c.id),
    postgresql=text(
        f"INSERT INTO webhook_deliveries ({', '.join(_NAMES)}) SELECT * FROM unnest("  # noqa: S608 - our own names
        + ", ".join(f"CAST(:{name} AS {_ARRAYS[type(deliveries.c[name].type)]}[])" for name in _NAMES)
        + ") ON CONFLICT DO NOTHING RETURNING id"
    )
    .bindparams(*[list_of(name, deliveries.c[name].type) for name in _NAMES])
    .columns(id=Text()),
    name="webhook_deliveries.add_all",
)
_OVERDUE = Statement(
    _DELIVERY.selected()
    .where(
        deliveries.c.next_attempt_at.is_not(None),
        deliveries.c.next_attempt_at < bindparam("before", type_=UtcDateTime()),
    )
    .order_by(deliveries.c.next_attempt_at)
    .limit(_MOST),
    name="webhook_deliveries.overdue",
)
_RELEASED = Statement(
    _DELIVERY.selected()
    .where(
        deliveries.c.next_attempt_at.is_(None),
        deliveries.c.ended_at.is_(None),
        deliveries.c.endpoint_id.in_(select(endpoints.c.id).where(endpoints.c.state == EndpointState.ENABLED.value)),
    )
    .order_by(deliveries.c.created_at, deliveries.c.id)
    .limit(_MOST),
    name="webhook_deliveries.released",
)
_FAILED_SINCE = Statement(
    _DELIVERY.selected()
    .where(
        deliveries.c.endpoint_id == bindparam("of"),
        deliveries.c.state == DeliveryState.FAILED.value,
        deliveries.c.created_at >= bindparam("since", type_=UtcDateTime()),
        deliveries.c.ended_at < bindparam("before", type_=UtcDateTime()),
    )
    .order_by(deliveries.c.created_at, deliveries.c.id)
    .limit(_MOST),
    name="webhook_deliveries.failed_since",
)
_CANCEL_OF = Statement(
    update(deliveries)
    .where(
        deliveries.c.endpoint_id == bindparam("of"),
        or_(deliveries.c.state == DeliveryState.PENDING.value, deliveries.c.state == DeliveryState.HELD.value),
    )
    .values(state=DeliveryState.CANCELED.value, next_attempt_at=None, ended_at=_AT, version=deliveries.c.version + 1),
    name="webhook_deliveries.cancel_of",
)
_OLD = Statement(
    select(deliveries.c.id)
    .where(
        deliveries.c.created_at < bindparam("before", type_=UtcDateTime()),
        deliveries.c.state != DeliveryState.PENDING.value,
    )
    .order_by(deliveries.c.created_at)
    .limit(_MOST),
    name="webhook_deliveries.old",
)
_FORGET_ATTEMPTS = Statement(
    delete(attempts).where(in_list(attempts.c.delivery_id, "ids")), name="webhook_attempts.forget"
)
_FORGET = Statement(delete(deliveries).where(in_list(deliveries.c.id, "ids")), name="webhook_deliveries.forget")
_NOTE = Insert(attempts)


class SqlWebhookDeliveries:
    """`WebhookDeliveries` in SQL."""

    def __init__(self, connection: Connection, facts: Facts) -> None:
        self._connection = connection
        self._kept = SqlAggregates(connection, facts, _DELIVERY)

    async def get(self, delivery_id: str, /) -> WebhookDelivery:
        return await self._kept.get(delivery_id)

    async def add(self, delivery: WebhookDelivery, /) -> bool:
        if await self._connection.run(_ADD, {**_delivery_row(delivery), "version": 1}) != 1:
            return False
        delivery.version = 1
        return True

    async def add_all(self, deliveries: Sequence[WebhookDelivery], /) -> frozenset[str]:
        # In one order, so that two who add the same wait for each other instead of blocking each other.
        made = sorted(deliveries, key=lambda delivery: (delivery.message_id, delivery.endpoint_id))
        rows = [{**_delivery_row(delivery), "version": 1} for delivery in made]
        if self._connection.dialect == "sqlite":  # where a statement more is no round trip more
            found = [row for each in rows for row in await self._connection.all(_ADD_ALL, each)]
        else:
            found = await self._connection.all(_ADD_ALL, {name: [row[name] for row in rows] for name in _NAMES})
        added = frozenset(row[0] for row in found)
        for delivery in made:
            delivery.version = int(delivery.id in added)
        return added

    async def save(self, delivery: WebhookDelivery, /) -> None:
        await self._kept.save(delivery)

    async def note(self, attempt: WebhookAttempt, /) -> None:
        self._connection.defer(_NOTE, (_attempt_row(attempt),))

    async def overdue(self, before: datetime, limit: int, /) -> tuple[WebhookDelivery, ...]:
        return await self._kept.found(_OVERDUE, {"before": before, "most": limit})

    async def released(self, limit: int, /) -> tuple[WebhookDelivery, ...]:
        return await self._kept.found(_RELEASED, {"most": limit})

    async def failed_since(
        self, endpoint_id: str, since: datetime, before: datetime, limit: int, /
    ) -> tuple[WebhookDelivery, ...]:
        params = {"of": endpoint_id, "since": since, "before": before, "most": limit}
        return await self._kept.found(_FAILED_SINCE, params)

    async def cancel_of(self, endpoint_id: str, at: datetime, /) -> None:
        await self._connection.run(_CANCEL_OF, {"of": endpoint_id, "at": at})

    async def purge(self, before: datetime, limit: int, /) -> int:
        ids = [row[0] for row in await self._connection.all(_OLD, {"before": before, "most": limit})]
        if ids:
            await self._connection.run(_FORGET_ATTEMPTS, {"ids": ids})
            await self._connection.run(_FORGET, {"ids": ids})
        return len(ids)


def _attempt_row(attempt: WebhookAttempt) -> dict[str, Any]:
    row = {name: getattr(attempt, name) for name in WebhookAttempt.__struct_fields__ if name != "duration"}
    return row | {"microseconds": attempt.duration // _MICROSECOND}


def attempt_from(row: Row) -> WebhookAttempt:
    """From all columns, in their order."""
    (delivery_id, number, at, microseconds, request_headers, status, response_headers, response_body, error,
     error_detail) = row  # fmt: skip
    return WebhookAttempt(
        delivery_id=delivery_id,
        number=number,
        at=at,
        duration=microseconds * _MICROSECOND,
        request_headers=request_headers,
        status=status,
        response_headers=response_headers,
        response_body=response_body,
        error=error,
        error_detail=error_detail,
    )
