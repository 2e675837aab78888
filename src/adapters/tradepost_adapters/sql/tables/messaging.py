"""Facts on their way out, who delivers them, what consumers have dealt with, and what waits for one of them."""

from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.types import RowId, UtcDateTime

_WAITING = text("settled_at IS NULL")
_HOLDING = text("retry_at IS NOT NULL")
_NUMBERED = text("number IS NOT NULL")

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
    Column("settled_at", UtcDateTime),  # delivered
    Column("number", BigInteger),  # in the event log, given when it is settled
    Index("ix_outbox_waiting", "partition", "position", sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index("uq_outbox_number", "number", unique=True, sqlite_where=_NUMBERED, postgresql_where=_NUMBERED),
)

# One row. Whoever numbers messages holds it until the commit, so numbers become visible in their order.
event_log = Table(
    "event_log",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
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

# Messages that wait for one consumer.
parked_messages = Table(
    "parked_messages",
    metadata,
    Column("position", RowId, Identity(), primary_key=True),
    Column("consumer", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("aggregate_id", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("parked_at", UtcDateTime, nullable=False),
    Column("retry_at", UtcDateTime),  # NULL: a dead letter
    Column("failures", Integer, nullable=False),
    Column("failed_at", UtcDateTime),
    Column("error", Text),
    Column("token", BigInteger, nullable=False),
    Column("lease_until", UtcDateTime),
    UniqueConstraint("consumer", "message_id", name="uq_parked_messages_consumer"),
    Index(
        "ix_parked_messages_holding",
        "aggregate_id",
        "consumer",
        "sequence",
        sqlite_where=_HOLDING,
        postgresql_where=_HOLDING,
    ),
    Index("ix_parked_messages_due", "retry_at", sqlite_where=_HOLDING, postgresql_where=_HOLDING),
)

inbox = Table(
    "inbox",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("message_id", Text, primary_key=True),
    Column("recorded_at", UtcDateTime, nullable=False, index=True),
)
