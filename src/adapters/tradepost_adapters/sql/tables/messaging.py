"""Facts on their way out, who delivers them, what failed, and what consumers have dealt with."""

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, LargeBinary, SmallInteger, Table, Text, text

from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.types import RowId, UtcDateTime

_WAITING = text("settled_at IS NULL")
_HOLDING = text("retry_at IS NOT NULL")

# Written with every order, so it has no index more than delivering needs.
outbox = Table(
    "outbox",
    metadata,
    Column("position", RowId, Identity(), primary_key=True),
    Column("id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("aggregate_id", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("partition", SmallInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),  # delivered, or given up
    Index("ix_outbox_waiting", "partition", "position", sqlite_where=_WAITING, postgresql_where=_WAITING),
)

# A row for each partition, put in by the first relay.
outbox_partitions = Table(
    "outbox_partitions",
    metadata,
    Column("partition", SmallInteger, primary_key=True, autoincrement=False),
    Column("relay", Text),
    Column("token", BigInteger, nullable=False),
    Column("leased_at", UtcDateTime),
    Column("lease_until", UtcDateTime),
)

outbox_failures = Table(
    "outbox_failures",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("message_id", Text, nullable=False),
    Column("aggregate_id", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("failed_at", UtcDateTime, nullable=False),
    Column("retry_at", UtcDateTime),  # NULL: dead
    Column("error", Text, nullable=False),
    Index("ix_outbox_failures_holding", "aggregate_id", sqlite_where=_HOLDING, postgresql_where=_HOLDING),
)

inbox = Table(
    "inbox",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("message_id", Text, primary_key=True),
    Column("recorded_at", UtcDateTime, nullable=False, index=True),
)
