"""The keys that sign access tokens."""

from sqlalchemy import Column, Integer, Table, Text

from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.types import UtcDateTime

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    # Counts from 1: of two who make a key at the same moment, one finds its number taken.
    Column("generation", Integer, nullable=False, unique=True),
    Column("public", Text, nullable=False),
    # Sealed; gone once the key signs no more.
    Column("private", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("signs_from", UtcDateTime, nullable=False),
    Column("signs_until", UtcDateTime),
    Column("verifies_until", UtcDateTime),
)
