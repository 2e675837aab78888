"""The keys of machines."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.tables.users import users
from tradepost_adapters.sql.types import Json, UtcDateTime

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", Json(tuple[str, ...]), nullable=False),
    Column("created_by", Text, nullable=False),
    # Whose rights bound the key's; none where an operator made it.
    Column("user_id", Text, ForeignKey(users.c.id)),
    # SHA-256 of the secret, and of the one before while that is good.
    Column("secret_hash", Text, nullable=False, unique=True),
    Column("former_hash", Text, unique=True),
    Column("former_until", UtcDateTime),
    Column("public_key", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Column("last_used_at", UtcDateTime),
    Index("ix_api_keys_created_at", "created_at", "id"),
    Index("ix_api_keys_user_id", "user_id"),
)
