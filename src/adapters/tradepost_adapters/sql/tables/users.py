"""Users with what they sign in with, and apart from them the personal data."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from tradepost.users.user import FormerEmail
from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.types import Json, UtcDateTime

users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("role", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("password_hash", Text),
    Column("customer_id", Text, unique=True),
    Column("session_version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("deleted_at", UtcDateTime),
    # The part of the catalog they may change; none means all of it.
    Column("categories", Json(tuple[str, ...])),
    Column("email_verified_at", UtcDateTime),
    # None counts as 0: there was no other address yet.
    Column("email_version", Integer),
    Index("ix_users_created_at", "created_at", "id"),
    Index("ix_users_role", "role", "created_at"),
)

# A deleted user has no row here.
user_contacts = Table(
    "user_contacts",
    metadata,
    Column("user_id", Text, ForeignKey("users.id"), primary_key=True),
    Column("email", Text, nullable=False),
    # The address as it is compared: without regard to case.
    Column("email_key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("pending_email", Text),
    # None where there are none.
    Column("former_emails", Json(tuple[FormerEmail, ...])),
)
