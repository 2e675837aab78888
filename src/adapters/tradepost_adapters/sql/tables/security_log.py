"""The trail of what tested or changed access, and apart from it, for a shorter time, where that came from."""

from sqlalchemy import Column, ForeignKey, Index, Table, Text

from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.types import Json, UtcDateTime

security_events = Table(
    "security_events",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", Text, nullable=False),
    # No foreign key: an entry about somebody who is not there is of interest, too.
    Column("user_id", Text),
    Column("actor_id", Text, nullable=False),
    Column("session_id", Text),
    Column("data", Json(dict[str, str]), nullable=False),
    Index("ix_security_events_at", "at", "id"),
    Index("ix_security_events_user_id", "user_id", "at"),
)

security_event_clients = Table(
    "security_event_clients",
    metadata,
    Column("event_id", Text, ForeignKey("security_events.id", ondelete="CASCADE"), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("address", Text),
    Column("user_agent", Text),
    Index("ix_security_event_clients_at", "at"),
)
