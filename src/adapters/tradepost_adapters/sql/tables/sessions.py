"""Sessions, the refresh tokens that were good once, and apart from them the personal data."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.tables.users import users
from tradepost_adapters.sql.types import Flag, UtcDateTime

sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    # One of the two says whose it is.
    Column("user_id", Text, ForeignKey(users.c.id)),
    Column("key_id", Text),
    Column("session_version", Integer, nullable=False),
    # SHA-256 of the cookie's secret, or of the refresh token that is good now.
    Column("token_hash", Text, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("authenticated_at", UtcDateTime, nullable=False),
    Column("mfa", Flag, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("idle_expires_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("end_reason", Text),
    Index("ix_sessions_user_id", "user_id"),
    Index("ix_sessions_idle_expires_at", "idle_expires_at"),
)

session_clients = Table(
    "session_clients",
    metadata,
    Column("session_id", Text, ForeignKey(sessions.c.id, ondelete="CASCADE"), primary_key=True),
    Column("user_agent", Text),
    Column("address", Text),
)

used_refresh_tokens = Table(
    "used_refresh_tokens",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("session_id", Text, ForeignKey(sessions.c.id, ondelete="CASCADE"), nullable=False),
    Column("used_at", UtcDateTime, nullable=False),
    Index("ix_used_refresh_tokens_session_id", "session_id"),
)
