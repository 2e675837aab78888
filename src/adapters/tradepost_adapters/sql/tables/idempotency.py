"""Idempotency keys: whose they are, what they were sent with, and the answer once there is one."""

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table, Text

from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.types import UtcDateTime

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("scope", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("resource_id", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("outcome", Text),  # JSON kept as it was written: nobody looks inside, and jsonb would refuse \u0000
    PrimaryKeyConstraint("scope", "key"),
)
_unanswered = idempotency_keys.c.outcome.is_(None)
Index(
    "ix_idempotency_keys_unanswered",
    idempotency_keys.c.resource_id,
    sqlite_where=_unanswered,
    postgresql_where=_unanswered,
)
Index("ix_idempotency_keys_created_at", idempotency_keys.c.created_at)
