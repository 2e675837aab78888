"""Events that gateways reported, in memory."""

from datetime import datetime
from itertools import islice

import msgspec

from tradepost.kernel.errors import NotFound
from tradepost.payments.webhooks import WebhookEvent
from tradepost_adapters.memory.database import Session, TableOf

WEBHOOK_EVENTS = TableOf[tuple[str, str], WebhookEvent]("webhook_events")


class MemoryWebhookEvents:
    """`WebhookEvents` in memory."""

    def __init__(self, session: Session) -> None:
        self._rows = session.table(WEBHOOK_EVENTS)

    async def add(self, event: WebhookEvent, /) -> bool:
        key = (event.gateway, event.id)
        if key in self._rows:
            return False
        self._rows.add(key, event)
        return True

    async def get(self, gateway: str, event_id: str, /) -> WebhookEvent:
        event = self._rows.get((gateway, event_id))
        if event is None:
            raise NotFound("webhook_event", event_id)
        return event

    async def processed(self, gateway: str, event_id: str, outcome: str, at: datetime, /) -> None:
        event = await self.get(gateway, event_id)
        self._rows[gateway, event_id] = msgspec.structs.replace(event, outcome=outcome, processed_at=at)

    async def purge(self, before: datetime, limit: int, /) -> int:
        old = (
            key for key, event in self._rows.items() if event.processed_at is not None and event.processed_at < before
        )
        forgotten = list(islice(old, limit))
        for key in forgotten:
            del self._rows[key]
        return len(forgotten)
