"""What made signed requests different from all others, for as long as their signatures are good."""

from sqlalchemy import Column, Index, Table, Text

from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.types import UtcDateTime

used_nonces = Table(
    "used_nonces",
    metadata,
    Column("nonce", Text, primary_key=True),
    Column("good_until", UtcDateTime, nullable=False),
    Index("ix_used_nonces_good_until", "good_until"),
)
