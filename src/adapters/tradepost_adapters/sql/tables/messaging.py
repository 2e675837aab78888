"""Facts on their way out."""

from sqlalchemy import BigInteger, Column, LargeBinary, Table, Text

from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.types import UtcDateTime

outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("aggregate_id", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
)
