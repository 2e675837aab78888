"""What webhooks need from outside: somebody who sends them, and a place to keep them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from tradepost.jobs.ports import HasJobs
from tradepost.kernel.pages import Page, PageRequest
from tradepost.webhooks.delivery import WebhookAttempt, WebhookDelivery
from tradepost.webhooks.endpoint import EndpointHealth, Listener, WebhookEndpoint
from tradepost.webhooks.views import DeliveryFilter, EndpointFilter, WebhookDeliveryView, WebhookEndpointView

MAX_BODY = 4_096
"""Bytes kept of an answer's body."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What an endpoint said: any status at all. Of the headers `retry-after` and `content-type`, their names in lower
    case; of the body the first `MAX_BODY` bytes, as text."""

    status: int
    headers: Mapping[str, str]
    body: str
    duration: timedelta


class SendFailed(Exception):
    """There was no answer, or none was asked for. `code` is stable: `webhook.blocked_address`, `webhook.timeout`,
    `webhook.connection_failed`, `webhook.tls_failed`. The sentence goes into the log of deliveries."""

    def __init__(self, code: str, sentence: str, *, duration: timedelta = timedelta(0)) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.duration = duration


class WebhookSender(Protocol):
    """Posts webhooks. It follows no redirects, gives up after 20 s, and connects to nobody inside the shop's network."""

    async def send(self, url: str, headers: Mapping[str, str], body: bytes, /) -> Answer:
        """Raises `SendFailed`, and nothing else."""
        ...

    def objection(self, url: str, /) -> str | None:
        """Why nothing is ever sent there, as far as the URL tells; asks nobody: no name is looked up. The rest of a
        sentence about the URL: `its host is an address that is not on the public internet`."""
        ...


class WebhookEndpoints(Protocol):
    """The endpoints, inside a transaction."""

    async def get(self, endpoint_id: str, /) -> WebhookEndpoint:
        """Raises NotFound."""
        ...

    async def add(self, endpoint: WebhookEndpoint, /) -> None: ...

    async def save(self, endpoint: WebhookEndpoint, /) -> None:
        """Raises StaleVersion. Leaves its health alone."""
        ...

    async def remove(self, endpoint: WebhookEndpoint, /) -> None:
        """Raises StaleVersion."""
        ...

    async def count(self) -> int: ...

    async def listeners(self) -> tuple[Listener, ...]:
        """Those that are told of events or will be later: enabled ones and paused ones."""
        ...

    async def health(self, endpoint_id: str, /) -> EndpointHealth: ...

    async def failed(self, endpoint_id: str, at: datetime, /) -> EndpointHealth:
        """Count one more attempt that failed; how it stands now. Changes no version."""
        ...

    async def recovered(self, endpoint_id: str, /) -> None:
        """An attempt succeeded, or it gets another chance: nothing has failed since. Changes no version."""
        ...


class HasWebhookEndpoints(Protocol):
    @property
    def webhook_endpoints(self) -> WebhookEndpoints: ...


class WebhookDeliveries(Protocol):
    """What is, was and will be sent, inside a transaction."""

    async def get(self, delivery_id: str, /) -> WebhookDelivery:
        """Raises NotFound."""
        ...

    async def add(self, delivery: WebhookDelivery, /) -> bool:
        """False, and nothing written, when this message is delivered to this endpoint already."""
        ...

    async def add_all(self, deliveries: Sequence[WebhookDelivery], /) -> frozenset[str]:
        """As `add` each, in one round trip; the ids of those that were added."""
        ...

    async def save(self, delivery: WebhookDelivery, /) -> None:
        """Raises StaleVersion."""
        ...

    async def note(self, attempt: WebhookAttempt, /) -> None:
        """Put an attempt into the log."""
        ...

    async def overdue(self, before: datetime, limit: int, /) -> tuple[WebhookDelivery, ...]:
        """Pending ones whose attempt was due before then, longest due first."""
        ...

    async def released(self, limit: int, /) -> tuple[WebhookDelivery, ...]:
        """Held ones whose endpoint is enabled, oldest first."""
        ...

    async def failed_since(
        self, endpoint_id: str, since: datetime, before: datetime, limit: int, /
    ) -> tuple[WebhookDelivery, ...]:
        """Failed ones of an endpoint that were made at or after `since` and ended before `before`, oldest first."""
        ...

    async def cancel_of(self, endpoint_id: str, at: datetime, /) -> None:
        """Cancel whatever still waits for this endpoint, each with its next version."""
        ...

    async def purge(self, before: datetime, limit: int, /) -> int:
        """Forget at most `limit` made before then that are not pending, with their attempts; how many."""
        ...


class HasWebhookDeliveries(Protocol):
    @property
    def webhook_deliveries(self) -> WebhookDeliveries: ...


class WebhooksTx(HasWebhookEndpoints, HasWebhookDeliveries, HasJobs, Protocol):
    """What webhooks touch in a transaction."""


class WebhookEndpointViews(Protocol):
    """Endpoints to look at, outside any transaction."""

    async def get(self, endpoint_id: str, at: datetime, /) -> WebhookEndpointView:
        """As it is at that moment. Raises NotFound."""
        ...

    async def list(self, wanted: EndpointFilter, at: datetime, page: PageRequest, /) -> Page[WebhookEndpointView]:
        """As they are at that moment. Sorted by `created_at`."""
        ...

    async def listeners(self) -> Sequence[Listener]:
        """As `WebhookEndpoints.listeners`, for a look before anything is written."""
        ...


class WebhookDeliveryViews(Protocol):
    """Deliveries to look at, outside any transaction."""

    async def get(self, delivery_id: str, /) -> tuple[WebhookDeliveryView, bytes]:
        """It, and the body that is sent. Raises NotFound."""
        ...

    async def list(self, wanted: DeliveryFilter, page: PageRequest, /) -> Page[WebhookDeliveryView]:
        """Sorted by `created_at`."""
        ...

    async def attempts(self, delivery_id: str, limit: int, /) -> tuple[WebhookAttempt, ...]:
        """The latest first."""
        ...
