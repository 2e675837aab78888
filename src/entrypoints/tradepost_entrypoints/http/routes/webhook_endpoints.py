"""Webhooks out: where other systems are told of events, which of them, and what came of it."""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from tradepost.kernel.access import Actor
from tradepost.kernel.errors import Kind
from tradepost.messaging.event_filter import MOST
from tradepost.webhooks.create_webhook_endpoint import CreateWebhookEndpoint, CreateWebhookEndpointCommand
from tradepost.webhooks.delete_webhook_endpoint import DeleteWebhookEndpoint, DeleteWebhookEndpointCommand
from tradepost.webhooks.endpoint import (
    MAX_DESCRIPTION,
    MAX_OVERLAP,
    MAX_URL,
    OVERLAP,
    WEBHOOK_ENDPOINT_PATTERN,
    EndpointState,
)
from tradepost.webhooks.get_webhook_endpoint import GetWebhookEndpoint, GetWebhookEndpointQuery
from tradepost.webhooks.list_webhook_endpoints import ListWebhookEndpoints, ListWebhookEndpointsQuery
from tradepost.webhooks.pause_webhook_endpoint import PauseWebhookEndpoint, PauseWebhookEndpointCommand
from tradepost.webhooks.redeliver_failed_webhooks import (
    Redelivered,
    RedeliverFailedWebhooks,
    RedeliverFailedWebhooksCommand,
)
from tradepost.webhooks.resume_webhook_endpoint import ResumeWebhookEndpoint, ResumeWebhookEndpointCommand
from tradepost.webhooks.rotate_webhook_secret import RotateWebhookSecret, RotateWebhookSecretCommand
from tradepost.webhooks.send_test_webhook import SendTestWebhook, SendTestWebhookCommand
from tradepost.webhooks.update_webhook_endpoint import UpdateWebhookEndpoint, UpdateWebhookEndpointCommand
from tradepost.webhooks.views import (
    EndpointFilter,
    IssuedWebhookEndpoint,
    WebhookDeliveryDetails,
    WebhookEndpointView,
)
from tradepost_entrypoints.http.endpoint import Refusal, endpoint
from tradepost_entrypoints.http.envelope import Many, Nothing, One
from tradepost_entrypoints.http.parameters import PageQuery
from tradepost_entrypoints.http.routes.orders import Email, Metadata

TAG = "Webhooks"
EndpointId = Annotated[
    str, msgspec.Meta(pattern=WEBHOOK_ENDPOINT_PATTERN, max_length=40, description="An endpoint's id.")
]
Url = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_URL, examples=["https://erp.example.com/tradepost"])]
Events = Annotated[
    tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=100)], ...],
    msgspec.Meta(
        min_length=1,
        max_length=MOST,
        description="Types (tradepost.order.placed.v1), beginnings of types (tradepost.order.*), or * for all.",
    ),
]
Description = Annotated[str, msgspec.Meta(max_length=MAX_DESCRIPTION)]

GONE = Refusal(
    Kind.NOT_FOUND,
    "webhook_endpoint.not_found",
    "There is no webhook_endpoint 'we_01m7y7tsamexgajdq8dqk7k2b9'.",
)
_INVALID = Refusal(Kind.INVALID, "webhook_endpoint.invalid", "This endpoint can not be saved as it is: see errors.")
_TOO_MANY = Refusal(Kind.CONFLICT, "webhook_endpoint.too_many", "A shop has at most 100 endpoints; delete one first.")


class WebhookEndpointBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where events are sent and which. `owner_email` is who is written to when nothing arrives there any more."""

    url: Url
    events: Events
    description: Description = ""
    owner_email: Email | None = None
    metadata: Metadata = {}


class UpdateWebhookEndpointBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays as it is; what is given replaces the whole of it."""

    url: Url | UnsetType = UNSET
    events: Events | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    owner_email: Email | UnsetType | None = UNSET
    metadata: Metadata | UnsetType = UNSET


class RotateWebhookSecretBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For how long the secret until now signs besides the new one."""

    overlap_seconds: Annotated[int, msgspec.Meta(ge=0, le=int(MAX_OVERLAP.total_seconds()))] = int(
        OVERLAP.total_seconds()
    )


class RedeliverFailedBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of what happened since then."""

    since: Annotated[datetime, msgspec.Meta(tz=True)]


class WebhookEndpointsQuery(PageQuery, frozen=True, kw_only=True):
    """Which endpoints."""

    state: EndpointState | None = None


@endpoint(
    "POST",
    "/webhook-endpoints",
    tag=TAG,
    status=201,
    errors=(_INVALID, _TOO_MANY),
    example={
        "url": "https://erp.example.com/tradepost",
        "events": ["tradepost.order.placed.v1", "tradepost.product.*"],
        "owner_email": "erp-team@example.com",
    },
)
async def create_webhook_endpoint(
    data: WebhookEndpointBody, actor: Actor, create_webhook_endpoint: CreateWebhookEndpoint
) -> One[IssuedWebhookEndpoint]:
    """Have events told to another system. For staff.

    Each is a POST of a CloudEvent (JSON), signed as Standard Webhooks 1.0 says with the `secret`, which is shown this
    once. Takes no Idempotency-Key: a secret is issued once.
    """
    issued = await create_webhook_endpoint(
        CreateWebhookEndpointCommand(
            actor=actor,
            url=data.url,
            events=data.events,
            description=data.description,
            owner_email=data.owner_email,
            metadata=data.metadata,
        )
    )
    return _issued(issued, status=201)


@endpoint("GET", "/webhook-endpoints", tag=TAG)
async def list_webhook_endpoints(
    query: WebhookEndpointsQuery, actor: Actor, list_webhook_endpoints: ListWebhookEndpoints
) -> Many[WebhookEndpointView]:
    """Who is told of events, without their secrets. For staff. Sort by `created_at`."""
    wanted = EndpointFilter(state=query.state)
    found = ListWebhookEndpointsQuery(actor=actor, wanted=wanted, page=query.page_request())
    return Many(await list_webhook_endpoints(found), query)


@endpoint("GET", "/webhook-endpoints/{endpoint_id}", tag=TAG, errors=(GONE,))
async def get_webhook_endpoint(
    endpoint_id: EndpointId, actor: Actor, get_webhook_endpoint: GetWebhookEndpoint
) -> One[WebhookEndpointView]:
    """One endpoint: whether it is sent to, and since when nothing has reached it. For staff."""
    return _shown(await get_webhook_endpoint(GetWebhookEndpointQuery(actor=actor, endpoint_id=endpoint_id)))


@endpoint(
    "PATCH",
    "/webhook-endpoints/{endpoint_id}",
    tag=TAG,
    errors=(GONE, _INVALID),
    example={"events": ["*"], "owner_email": None},
)
async def update_webhook_endpoint(
    endpoint_id: EndpointId,
    data: UpdateWebhookEndpointBody,
    actor: Actor,
    expected_version: int | None,
    update_webhook_endpoint: UpdateWebhookEndpoint,
) -> One[WebhookEndpointView]:
    """Change where events are told, or which. What waits already goes to the new address. For staff."""
    view = await update_webhook_endpoint(
        UpdateWebhookEndpointCommand(
            actor=actor,
            endpoint_id=endpoint_id,
            url=data.url,
            events=data.events,
            description=data.description,
            owner_email=data.owner_email,
            metadata=data.metadata,
            expected_version=expected_version,
        )
    )
    return _shown(view)


@endpoint("DELETE", "/webhook-endpoints/{endpoint_id}", tag=TAG, status=204, errors=(GONE,))
async def delete_webhook_endpoint(
    endpoint_id: EndpointId,
    actor: Actor,
    expected_version: int | None,
    delete_webhook_endpoint: DeleteWebhookEndpoint,
) -> Nothing:
    """Tell it nothing any more; what waits is canceled. For staff."""
    await delete_webhook_endpoint(
        DeleteWebhookEndpointCommand(actor=actor, endpoint_id=endpoint_id, expected_version=expected_version)
    )
    return Nothing()


@endpoint(
    "POST",
    "/webhook-endpoints/{endpoint_id}/rotate-secret",
    tag=TAG,
    errors=(GONE, _INVALID),
    example={"overlap_seconds": 3600},
)
async def rotate_webhook_secret(
    endpoint_id: EndpointId,
    data: RotateWebhookSecretBody | None,
    actor: Actor,
    expected_version: int | None,
    rotate_webhook_secret: RotateWebhookSecret,
) -> One[IssuedWebhookEndpoint]:
    """Give an endpoint another secret, shown this once. For staff.

    For `overlap_seconds` (a day unless it is said) each request carries two signatures, one with the secret until now.
    Takes no Idempotency-Key.
    """
    overlap = OVERLAP if data is None else timedelta(seconds=data.overlap_seconds)
    issued = await rotate_webhook_secret(
        RotateWebhookSecretCommand(
            actor=actor, endpoint_id=endpoint_id, overlap=overlap, expected_version=expected_version
        )
    )
    return _issued(issued)


@endpoint("POST", "/webhook-endpoints/{endpoint_id}/pause", tag=TAG, errors=(GONE,))
async def pause_webhook_endpoint(
    endpoint_id: EndpointId,
    actor: Actor,
    expected_version: int | None,
    pause_webhook_endpoint: PauseWebhookEndpoint,
) -> One[WebhookEndpointView]:
    """Send it nothing for now. What happens meanwhile is kept for it. For staff. Safe to repeat."""
    view = await pause_webhook_endpoint(
        PauseWebhookEndpointCommand(actor=actor, endpoint_id=endpoint_id, expected_version=expected_version)
    )
    return _shown(view)


@endpoint("POST", "/webhook-endpoints/{endpoint_id}/resume", tag=TAG, errors=(GONE,))
async def resume_webhook_endpoint(
    endpoint_id: EndpointId,
    actor: Actor,
    expected_version: int | None,
    resume_webhook_endpoint: ResumeWebhookEndpoint,
) -> One[WebhookEndpointView]:
    """Send to it again, what was kept first. For staff. Safe to repeat."""
    view = await resume_webhook_endpoint(
        ResumeWebhookEndpointCommand(actor=actor, endpoint_id=endpoint_id, expected_version=expected_version)
    )
    return _shown(view)


@endpoint("POST", "/webhook-endpoints/{endpoint_id}/test", tag=TAG, errors=(GONE,))
async def send_test_webhook(
    endpoint_id: EndpointId, actor: Actor, send_test_webhook: SendTestWebhook
) -> One[WebhookDeliveryDetails]:
    """Send it a `tradepost.webhook_endpoint.test.v1` now, whatever its filters and state, and see what it answers. For
    staff. Takes as long as the endpoint does, 20 seconds at most."""
    details = await send_test_webhook(SendTestWebhookCommand(actor=actor, endpoint_id=endpoint_id))
    return One(details, location=f"/webhook-deliveries/{details.delivery.id}")


@endpoint(
    "POST",
    "/webhook-endpoints/{endpoint_id}/redeliver-failed",
    tag=TAG,
    errors=(GONE,),
    example={"since": "2026-11-01T00:00:00Z"},
)
async def redeliver_failed_webhooks(
    endpoint_id: EndpointId,
    data: RedeliverFailedBody,
    actor: Actor,
    redeliver_failed_webhooks: RedeliverFailedWebhooks,
) -> One[Redelivered]:
    """Send again what has failed since then, oldest first, at most 1,000 at a time. For staff. With `more`, ask again."""
    command = RedeliverFailedWebhooksCommand(actor=actor, endpoint_id=endpoint_id, since=data.since)
    return One(
        await redeliver_failed_webhooks(command),
        location=f"/webhook-endpoints/{endpoint_id}/deliveries",
        links={"endpoint": f"/webhook-endpoints/{endpoint_id}"},
    )


def _shown(view: WebhookEndpointView) -> One[WebhookEndpointView]:
    path = f"/webhook-endpoints/{view.id}"
    return One(view, location=path, links={"deliveries": f"{path}/deliveries"})


def _issued(issued: IssuedWebhookEndpoint, *, status: int = 200) -> One[IssuedWebhookEndpoint]:
    path = f"/webhook-endpoints/{issued.endpoint.id}"
    return One(issued, status=status, location=path, links={"deliveries": f"{path}/deliveries"}, secret=True)


ROUTES = (
    create_webhook_endpoint,
    list_webhook_endpoints,
    get_webhook_endpoint,
    update_webhook_endpoint,
    delete_webhook_endpoint,
    rotate_webhook_secret,
    pause_webhook_endpoint,
    resume_webhook_endpoint,
    send_test_webhook,
    redeliver_failed_webhooks,
)
