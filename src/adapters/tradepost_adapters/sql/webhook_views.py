"""Webhooks to other systems, to be looked at, in SQL."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, bindparam, select

from tradepost.kernel.errors import NotFound
from tradepost.kernel.pages import Page, PageRequest
from tradepost.webhooks.delivery import DeliveryState, WebhookAttempt
from tradepost.webhooks.endpoint import Listener
from tradepost.webhooks.views import DeliveryFilter, EndpointFilter, WebhookDeliveryView, WebhookEndpointView
from tradepost_adapters.sql.connection import Reads, Row
from tradepost_adapters.sql.listing import Listing
from tradepost_adapters.sql.statements import Statement
from tradepost_adapters.sql.tables.webhooks import webhook_attempts as attempts
from tradepost_adapters.sql.tables.webhooks import webhook_deliveries as deliveries
from tradepost_adapters.sql.tables.webhooks import webhook_endpoints as endpoints
from tradepost_adapters.sql.webhooks import GET_ENDPOINT, LISTENERS, attempt_from, endpoint_from, listener_from

_FIELDS = WebhookDeliveryView.__struct_fields__
_ENDPOINTS = Listing(
    select(endpoints),
    lambda row: row,
    name="webhook_endpoints",
    key=endpoints.c.id,
    sorts={"created_at": endpoints.c.created_at},
    default="-created_at",
    filters={"state": endpoints.c.state == bindparam("state")},
)
_view = select(*(deliveries.c[name] for name in _FIELDS))


def _delivery_view(row: Row) -> WebhookDeliveryView:
    values = dict(zip(_FIELDS, row, strict=True))
    values["state"] = DeliveryState(values["state"])
    return WebhookDeliveryView(**values)


_DELIVERIES = Listing(
    _view,
    _delivery_view,
    name="webhook_deliveries",
    key=deliveries.c.id,
    sorts={"created_at": deliveries.c.created_at},
    default="-created_at",
    filters={
        "endpoint_id": deliveries.c.endpoint_id == bindparam("endpoint_id"),
        "state": deliveries.c.state == bindparam("state"),
    },
)
_DELIVERY = Statement(
    _view.add_columns(deliveries.c.body).where(deliveries.c.id == bindparam("id")), name="webhook_deliveries.view"
)
_ATTEMPTS = Statement(
    select(attempts)
    .where(attempts.c.delivery_id == bindparam("of"))
    .order_by(attempts.c.number.desc())
    .limit(bindparam("most", type_=BigInteger())),
    name="webhook_attempts.of_delivery",
)


class SqlWebhookEndpointViews:
    """`WebhookEndpointViews` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def get(self, endpoint_id: str, at: datetime, /) -> WebhookEndpointView:
        row = await self._reads.one(GET_ENDPOINT, {"id": endpoint_id})
        if row is None:
            raise NotFound("webhook_endpoint", endpoint_id)
        return _endpoint_view(row, at)

    async def list(self, wanted: EndpointFilter, at: datetime, page: PageRequest, /) -> Page[WebhookEndpointView]:
        state = None if wanted.state is None else wanted.state.value
        found = await _ENDPOINTS.page(self._reads, page, {"state": state})
        items = tuple(_endpoint_view(row, at) for row in found.items)
        return Page(items=items, next_cursor=found.next_cursor, total=found.total)

    async def listeners(self) -> Sequence[Listener]:
        return tuple(map(listener_from, await self._reads.all(LISTENERS)))


def _endpoint_view(row: Row, at: datetime) -> WebhookEndpointView:
    endpoint, health = endpoint_from(row)
    return WebhookEndpointView.of(endpoint, at, health)


class SqlWebhookDeliveryViews:
    """`WebhookDeliveryViews` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def get(self, delivery_id: str, /) -> tuple[WebhookDeliveryView, bytes]:
        row = await self._reads.one(_DELIVERY, {"id": delivery_id})
        if row is None:
            raise NotFound("webhook_delivery", delivery_id)
        return _delivery_view(row[:-1]), bytes(row[-1])

    async def list(self, wanted: DeliveryFilter, page: PageRequest, /) -> Page[WebhookDeliveryView]:
        state = None if wanted.state is None else wanted.state.value
        return await _DELIVERIES.page(self._reads, page, {"endpoint_id": wanted.endpoint_id, "state": state})

    async def attempts(self, delivery_id: str, limit: int, /) -> tuple[WebhookAttempt, ...]:
        return tuple(map(attempt_from, await self._reads.all(_ATTEMPTS, {"of": delivery_id, "most": limit})))
