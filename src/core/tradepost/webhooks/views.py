"""Endpoints and deliveries as people and programs look at them."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from tradepost.webhooks.delivery import DeliveryState, WebhookAttempt, WebhookDelivery
from tradepost.webhooks.endpoint import EndpointHealth, EndpointState, StateReason, WebhookEndpoint


class SecretView(msgspec.Struct, frozen=True, kw_only=True):
    """That there is a secret; what it is was shown when it was made. With `good_until` it is a former one."""

    created_at: datetime
    good_until: datetime | None


class WebhookEndpointView(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint. `failing_since` and `failures` tell since when nothing has reached it, in how many attempts."""

    id: str
    version: int
    url: str
    description: str
    events: tuple[str, ...]
    state: EndpointState
    reason: StateReason | None
    state_since: datetime | None
    secrets: tuple[SecretView, ...]
    owner_email: str | None
    metadata: Mapping[str, str]
    failing_since: datetime | None
    failures: int
    created_by: str
    created_at: datetime

    @classmethod
    def of(
        cls,
        endpoint: WebhookEndpoint,
        at: datetime,
        health: EndpointHealth = EndpointHealth(),  # noqa: B008 - immutable
    ) -> "WebhookEndpointView":
        return cls(
            id=endpoint.id,
            version=endpoint.version,
            url=endpoint.url,
            description=endpoint.description,
            events=endpoint.events,
            state=endpoint.state,
            reason=endpoint.reason,
            state_since=endpoint.state_since,
            secrets=tuple(
                SecretView(created_at=secret.created_at, good_until=secret.good_until)
                for secret in endpoint.good_secrets(at)
            ),
            owner_email=endpoint.owner_email,
            metadata=endpoint.metadata,
            failing_since=health.failing_since,
            failures=health.failures,
            created_by=endpoint.created_by,
            created_at=endpoint.created_at,
        )


class IssuedWebhookEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint with its secret, which is shown this once."""

    secret: str
    endpoint: WebhookEndpointView

    def __repr__(self) -> str:
        return f"IssuedWebhookEndpoint({self.endpoint.id})"


class EndpointFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which endpoints a list shows; None means any."""

    state: EndpointState | None = None


class DeliveryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries a list shows; None means any."""

    endpoint_id: str | None = None
    state: DeliveryState | None = None


class WebhookDeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    version: int
    endpoint_id: str
    message_id: str
    event_type: str
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime | None
    last_status: int | None
    last_error: str | None
    created_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, delivery: WebhookDelivery) -> "WebhookDeliveryView":
        return cls(**{name: getattr(delivery, name) for name in cls.__struct_fields__})


class WebhookDeliveryDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with what is sent (JSON) and its latest attempts, the latest first."""

    delivery: WebhookDeliveryView
    body: msgspec.Raw
    attempts: tuple[WebhookAttempt, ...]
