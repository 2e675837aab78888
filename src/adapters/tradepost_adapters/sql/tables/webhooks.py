"""Webhooks to other systems: where they go, what goes there, and what came of it."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, text

from tradepost.webhooks.endpoint import SealedSecret
from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.types import Json, UtcDateTime

# As every delivery has a next attempt while it is pending, and an end when it is over; so a statement need not name a state,
# which as a parameter would not use these indexes.
_PENDING = text("next_attempt_at IS NOT NULL")
_HELD = text("next_attempt_at IS NULL AND ended_at IS NULL")

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("url", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("events", Json(tuple[str, ...]), nullable=False),
    # Sealed; the current one first.
    Column("secrets", Json(tuple[SealedSecret, ...]), nullable=False),
    Column("owner_email", Text),
    Column("metadata", Json(dict[str, str]), nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("state_since", UtcDateTime),
    Column("created_by", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # Its health, written with every attempt that failed and without regard to the version.
    Column("failing_since", UtcDateTime),
    Column("failures", Integer, nullable=False),
    Index("ix_webhook_endpoints_created_at", "created_at", "id"),
)

# No foreign key to the endpoint: what was sent stays in the log when the endpoint is deleted.
webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("endpoint_id", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("last_status", Integer),
    Column("last_error", Text),
    UniqueConstraint("endpoint_id", "message_id"),
    Index("ix_webhook_deliveries_created_at", "created_at", "id"),
    Index("ix_webhook_deliveries_state", "state", "created_at", "id"),
    Index("ix_webhook_deliveries_endpoint_id", "endpoint_id", "created_at", "id"),
    Index("ix_webhook_deliveries_due", "next_attempt_at", sqlite_where=_PENDING, postgresql_where=_PENDING),
    Index("ix_webhook_deliveries_held", "endpoint_id", "created_at", sqlite_where=_HELD, postgresql_where=_HELD),
)

webhook_attempts = Table(
    "webhook_attempts",
    metadata,
    Column("delivery_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("microseconds", BigInteger, nullable=False),
    Column("request_headers", Json(dict[str, str]), nullable=False),
    Column("status", Integer),
    Column("response_headers", Json(dict[str, str]), nullable=False),
    Column("response_body", Text, nullable=False),
    Column("error", Text),
    Column("error_detail", Text),
)
