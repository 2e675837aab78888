"""Webhooks to other systems, in memory."""

from collections.abc import Sequence
from copy import copy
from datetime import datetime
from itertools import islice

from tradepost.kernel.errors import NotFound
from tradepost.kernel.pages import Page, PageRequest
from tradepost.kernel.transactions import StaleVersion
from tradepost.webhooks.delivery import DeliveryState, WebhookAttempt, WebhookDelivery
from tradepost.webhooks.endpoint import EndpointHealth, EndpointState, Listener, WebhookEndpoint
from tradepost.webhooks.views import DeliveryFilter, EndpointFilter, WebhookDeliveryView, WebhookEndpointView
from tradepost_adapters.memory.aggregates import Aggregates
from tradepost_adapters.memory.database import Index, MemoryDatabase, Session, TableOf
from tradepost_adapters.memory.listing import page_of
from tradepost_adapters.memory.outbox import MemoryOutbox

WEBHOOK_ENDPOINTS = TableOf[str, WebhookEndpoint]("webhook_endpoints")
WEBHOOK_HEALTH = TableOf[str, EndpointHealth]("webhook_health")
WEBHOOK_DELIVERIES = TableOf[str, WebhookDelivery](
    "webhook_deliveries",
    message=Index(lambda delivery: (delivery.endpoint_id, delivery.message_id), unique=True),
    state=Index(lambda delivery: delivery.state),
    endpoint=Index(lambda delivery: delivery.endpoint_id),
)
WEBHOOK_ATTEMPTS = TableOf[tuple[str, int], WebhookAttempt](
    "webhook_attempts", delivery=Index(lambda attempt: attempt.delivery_id)
)
_HEALTHY = EndpointHealth()


def _listeners(session: Session) -> tuple[Listener, ...]:
    return tuple(
        Listener(id=endpoint.id, events=endpoint.events, state=endpoint.state)
        for endpoint in session.table(WEBHOOK_ENDPOINTS).values()
        if endpoint.state is not EndpointState.DISABLED
    )


class MemoryWebhookEndpoints(Aggregates[WebhookEndpoint]):
    """`WebhookEndpoints` in memory."""

    def __init__(self, session: Session, outbox: MemoryOutbox) -> None:
        super().__init__(session, outbox, WEBHOOK_ENDPOINTS, "webhook_endpoint")
        self._session = session
        self._health = session.table(WEBHOOK_HEALTH)

    async def remove(self, endpoint: WebhookEndpoint, /) -> None:
        current = self.rows.get(endpoint.id)
        if current is None or current.version != endpoint.version:
            raise StaleVersion(endpoint.id)
        del self.rows[endpoint.id]
        self._health.pop(endpoint.id)

    async def count(self) -> int:
        return len(self.rows)

    async def listeners(self) -> tuple[Listener, ...]:
        return _listeners(self._session)

    async def health(self, endpoint_id: str, /) -> EndpointHealth:
        return self._health.get(endpoint_id) or _HEALTHY

    async def failed(self, endpoint_id: str, at: datetime, /) -> EndpointHealth:
        was = await self.health(endpoint_id)
        now = EndpointHealth(failing_since=was.failing_since or at, failures=was.failures + 1)
        if endpoint_id in self.rows:
            self._health[endpoint_id] = now
        return now

    async def recovered(self, endpoint_id: str, /) -> None:
        self._health.pop(endpoint_id)


class MemoryWebhookDeliveries:
    """`WebhookDeliveries` in memory."""

    def __init__(self, session: Session, outbox: MemoryOutbox) -> None:
        self._kept = Aggregates(session, outbox, WEBHOOK_DELIVERIES, "webhook_delivery")
        self._rows = self._kept.rows
        self._attempts = session.table(WEBHOOK_ATTEMPTS)
        self._endpoints = session.table(WEBHOOK_ENDPOINTS)

    async def get(self, delivery_id: str, /) -> WebhookDelivery:
        return await self._kept.get(delivery_id)

    async def add(self, delivery: WebhookDelivery, /) -> bool:
        if self._rows.has("message", (delivery.endpoint_id, delivery.message_id)):
            return False
        delivery.version = 0
        await self._kept.add(delivery)
        return True

    async def add_all(self, deliveries: Sequence[WebhookDelivery], /) -> frozenset[str]:
        return frozenset([delivery.id for delivery in deliveries if await self.add(delivery)])

    async def save(self, delivery: WebhookDelivery, /) -> None:
        await self._kept.save(delivery)

    async def note(self, attempt: WebhookAttempt, /) -> None:
        self._attempts.add((attempt.delivery_id, attempt.number), attempt)

    async def overdue(self, before: datetime, limit: int, /) -> tuple[WebhookDelivery, ...]:
        late = [
            delivery
            for delivery in self._rows.by("state", DeliveryState.PENDING)
            if delivery.next_attempt_at is not None and delivery.next_attempt_at < before
        ]
        late.sort(key=lambda delivery: delivery.next_attempt_at or before)
        return tuple(map(copy, late[:limit]))

    async def released(self, limit: int, /) -> tuple[WebhookDelivery, ...]:
        held = [
            delivery
            for delivery in self._rows.by("state", DeliveryState.HELD)
            if (endpoint := self._endpoints.get(delivery.endpoint_id)) is not None
            and endpoint.state is EndpointState.ENABLED
        ]
        held.sort(key=lambda delivery: (delivery.created_at, delivery.id))
        return tuple(map(copy, held[:limit]))

    async def failed_since(
        self, endpoint_id: str, since: datetime, before: datetime, limit: int, /
    ) -> tuple[WebhookDelivery, ...]:
        failed = [
            delivery
            for delivery in self._rows.by("endpoint", endpoint_id)
            if delivery.state is DeliveryState.FAILED
            and delivery.created_at >= since
            and delivery.ended_at is not None
            and delivery.ended_at < before
        ]
        failed.sort(key=lambda delivery: (delivery.created_at, delivery.id))
        return tuple(map(copy, failed[:limit]))

    async def cancel_of(self, endpoint_id: str, at: datetime, /) -> None:
        for delivery in self._rows.by("endpoint", endpoint_id):
            if delivery.state in (DeliveryState.PENDING, DeliveryState.HELD):
                canceled = copy(delivery)
                canceled.cancel(at)
                await self.save(canceled)

    async def purge(self, before: datetime, limit: int, /) -> int:
        old = (
            delivery.id
            for delivery in self._rows.values()
            if delivery.created_at < before and delivery.state is not DeliveryState.PENDING
        )
        forgotten = list(islice(old, limit))
        for delivery_id in forgotten:
            del self._rows[delivery_id]
            for attempt in self._attempts.by("delivery", delivery_id):
                del self._attempts[delivery_id, attempt.number]
        return len(forgotten)


class MemoryWebhookEndpointViews:
    """`WebhookEndpointViews` over committed rows."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def get(self, endpoint_id: str, at: datetime, /) -> WebhookEndpointView:
        with self._database.reading() as session:
            endpoint = session.table(WEBHOOK_ENDPOINTS).get(endpoint_id)
            health = session.table(WEBHOOK_HEALTH).get(endpoint_id) or _HEALTHY
        if endpoint is None:
            raise NotFound("webhook_endpoint", endpoint_id)
        return WebhookEndpointView.of(endpoint, at, health)

    async def list(self, wanted: EndpointFilter, at: datetime, page: PageRequest, /) -> Page[WebhookEndpointView]:
        with self._database.reading() as session:
            health = dict(session.table(WEBHOOK_HEALTH).items())
            found = [
                endpoint
                for endpoint in session.table(WEBHOOK_ENDPOINTS).values()
                if wanted.state in (None, endpoint.state)
            ]
        return page_of(
            found,
            page,
            lambda endpoint: WebhookEndpointView.of(endpoint, at, health.get(endpoint.id, _HEALTHY)),
            key=lambda endpoint: endpoint.id,
            sorts={"created_at": (datetime, lambda endpoint: endpoint.created_at)},
            default="-created_at",
        )

    async def listeners(self) -> Sequence[Listener]:
        with self._database.reading() as session:
            return _listeners(session)


class MemoryWebhookDeliveryViews:
    """`WebhookDeliveryViews` over committed rows."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def get(self, delivery_id: str, /) -> tuple[WebhookDeliveryView, bytes]:
        with self._database.reading() as session:
            delivery = session.table(WEBHOOK_DELIVERIES).get(delivery_id)
        if delivery is None:
            raise NotFound("webhook_delivery", delivery_id)
        return WebhookDeliveryView.of(delivery), delivery.body

    async def list(self, wanted: DeliveryFilter, page: PageRequest, /) -> Page[WebhookDeliveryView]:
        with self._database.reading() as session:
            found = [
                delivery
                for delivery in session.table(WEBHOOK_DELIVERIES).values()
                if wanted.endpoint_id in (None, delivery.endpoint_id) and wanted.state in (None, delivery.state)
            ]
        return page_of(
            found,
            page,
            WebhookDeliveryView.of,
            key=lambda delivery: delivery.id,
            sorts={"created_at": (datetime, lambda delivery: delivery.created_at)},
            default="-created_at",
        )

    async def attempts(self, delivery_id: str, limit: int, /) -> tuple[WebhookAttempt, ...]:
        with self._database.reading() as session:
            found = session.table(WEBHOOK_ATTEMPTS).by("delivery", delivery_id)
        return tuple(sorted(found, key=lambda attempt: -attempt.number)[:limit])
