"""Where users have signed in from before, as digests under the shop's secret."""

from sqlalchemy import Column, ForeignKey, Index, Table, Text

from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.types import UtcDateTime

familiar_addresses = Table(
    "familiar_addresses",
    metadata,
    Column("user_id", Text, ForeignKey("users.id"), primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("seen_at", UtcDateTime, nullable=False),
    Index("ix_familiar_addresses_seen_at", "seen_at"),
    sqlite_with_rowid=False,
)
