"""What gateways report by themselves: kept as it came, and a hint to ask what has become of the operations it names.

An event is never believed about money: it says that something happened, and how it stands is asked of the gateway. So
events may come twice, late, or in any order, and end in the same state.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from tradepost.kernel.errors import Invalid

PROCESS = "webhooks.process"
"""The kind of job that deals with an event; its payload names `gateway` and `id`."""


class SignatureInvalid(Invalid):
    """Whoever sent this has not shown to be the gateway."""

    def __init__(self, detail: str) -> None:
        super().__init__("webhook.signature_invalid", detail)


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """An event that was found to be the gateway's. `operation_ids` are those of ours it may tell something new about,
    `disputes` the gateway's own ids of disputes."""

    id: str
    type: str
    operation_ids: tuple[str, ...] = ()
    disputes: tuple[str, ...] = ()


class WebhookReader(Protocol):
    """Knows the events of one gateway."""

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime, /) -> Notice:
        """Check the signature over the body, byte by byte as it came. Header names are in lower case.

        Raises `SignatureInvalid`.
        """
        ...


class WebhookEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it came. `outcome`, once it was dealt with: `settled`, `nothing_new`, or `not_ours`."""

    gateway: str
    id: str
    type: str
    payload: bytes
    operation_ids: tuple[str, ...]
    disputes: tuple[str, ...] = ()
    received_at: datetime
    processed_at: datetime | None = None
    outcome: str | None = None


class WebhookEvents(Protocol):
    """The events received, inside a transaction."""

    async def add(self, event: WebhookEvent, /) -> bool:
        """False, and no effect, when the gateway's event of that id is there already."""
        ...

    async def get(self, gateway: str, event_id: str, /) -> WebhookEvent:
        """Raises NotFound."""
        ...

    async def processed(self, gateway: str, event_id: str, outcome: str, at: datetime, /) -> None:
        """It has been dealt with."""
        ...

    async def purge(self, before: datetime, limit: int, /) -> int:
        """Forget at most `limit` events dealt with before then; how many."""
        ...


class HasWebhookEvents(Protocol):
    @property
    def webhook_events(self) -> WebhookEvents: ...
