"""Events that gateways reported, in SQL."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, bindparam, delete, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from tradepost.kernel.errors import NotFound
from tradepost.payments.webhooks import WebhookEvent
from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.statements import Statement
from tradepost_adapters.sql.tables.webhook_events import webhook_events as events

_NAMES = tuple(column.name for column in events.columns)
_VALUES: dict[str, Any] = {name: bindparam(name, type_=events.c[name].type) for name in _NAMES}
_ADD = Statement.by_dialect(
    sqlite=sqlite.insert(events).values(_VALUES).on_conflict_do_nothing(),
    # Waits for another transaction that is adding the same, and then knows whether it did.
    postgresql=postgresql.insert(events).values(_VALUES).on_conflict_do_nothing(),
    name="webhook_events.add",
)
_KEY = (events.c.gateway == bindparam("of_gateway"), events.c.id == bindparam("event_id"))
_GET = Statement(select(*events.columns).where(*_KEY), name="webhook_events.get")
_PROCESSED = Statement(
    update(events)
    .where(*_KEY)
    .values(
        processed_at=bindparam("at", type_=events.c.processed_at.type),
        outcome=bindparam("result", type_=events.c.outcome.type),
    ),
    name="webhook_events.processed",
)
_OLD = (
    select(events.c.gateway, events.c.id)
    .where(events.c.processed_at < bindparam("before"))
    .limit(bindparam("most", type_=BigInteger()))
)
_PURGE = Statement(delete(events).where(tuple_(events.c.gateway, events.c.id).in_(_OLD)), name="webhook_events.purge")


class SqlWebhookEvents:
    """`WebhookEvents` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, event: WebhookEvent, /) -> bool:
        return await self._connection.run(_ADD, {name: getattr(event, name) for name in _NAMES}) == 1

    async def get(self, gateway: str, event_id: str, /) -> WebhookEvent:
        row = await self._connection.one(_GET, {"of_gateway": gateway, "event_id": event_id})
        if row is None:
            raise NotFound("webhook_event", event_id)
        values = dict(zip(_NAMES, row, strict=True))
        return WebhookEvent(**values | {"payload": bytes(values["payload"])})

    async def processed(self, gateway: str, event_id: str, outcome: str, at: datetime, /) -> None:
        key = {"of_gateway": gateway, "event_id": event_id}
        if not await self._connection.run(_PROCESSED, {**key, "result": outcome, "at": at}):
            raise NotFound("webhook_event", event_id)

    async def purge(self, before: datetime, limit: int, /) -> int:
        return await self._connection.run(_PURGE, {"before": before, "most": limit})
