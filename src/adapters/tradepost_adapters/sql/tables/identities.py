"""Accounts elsewhere by which users sign in, and those who were sent to a provider."""

from sqlalchemy import Column, ForeignKey, Index, Table, Text, UniqueConstraint

from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.types import UtcDateTime

identities = Table(
    "identities",
    metadata,
    Column("id", Text, primary_key=True),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("linked_at", UtcDateTime, nullable=False),
    UniqueConstraint("issuer", "subject"),
    Index("ix_identities_user_id", "user_id"),
)

external_attempts = Table(
    "external_attempts",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("user_id", Text, ForeignKey("users.id")),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("ix_external_attempts_expires_at", "expires_at"),
)
