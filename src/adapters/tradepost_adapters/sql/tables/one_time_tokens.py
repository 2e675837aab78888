"""Links that are good once: their ids and what they were issued against, never what opens them."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.types import UtcDateTime

one_time_tokens = Table(
    "one_time_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("purpose", Text, nullable=False),
    # None where nobody has an account with the address.
    Column("user_id", Text, ForeignKey("users.id")),
    Column("address_key", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("against", Text, nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    # Of those issued at the same moment, one has the number.
    UniqueConstraint("address_key", "purpose", "number"),
    Index("ix_one_time_tokens_user_id", "user_id", "purpose"),
    Index("ix_one_time_tokens_expires_at", "expires_at"),
)
