"""What gateways reported by themselves, as it came."""

from sqlalchemy import Column, Index, LargeBinary, Table, Text

from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.types import Json, UtcDateTime

webhook_events = Table(
    "webhook_events",
    metadata,
    Column("gateway", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("operation_ids", Json(tuple[str, ...]), nullable=False),
    Column("disputes", Json(tuple[str, ...]), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("processed_at", UtcDateTime),
    Column("outcome", Text),
    Index("ix_webhook_events_processed_at", "processed_at"),
)
