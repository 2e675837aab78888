"""Customers, and apart from them the personal data."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from tradepost.customers.customer import CustomerAddress
from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.types import Json, UtcDateTime

# Ordered by code point on Postgres too, as SQLite does by itself: only so does an index find names by their beginning.
_ByCodePoint = Text().with_variant(Text(collation="C"), "postgresql")

customers = Table(
    "customers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("external_id", Text, unique=True),
    Column("user_id", Text, unique=True),
    Column("metadata", Json(dict[str, str]), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_customers_created_at", "created_at", "id"),
)

customer_contacts = Table(
    "customer_contacts",
    metadata,
    Column("customer_id", Text, ForeignKey("customers.id"), primary_key=True),
    Column("email", Text),
    # As they are compared: without regard to case.
    Column("email_key", Text),
    Column("name", Text),
    Column("name_key", _ByCodePoint),
    Column("phone", Text),
    Column("locale", Text),
    Column("addresses", Json(tuple[CustomerAddress, ...]), nullable=False),
    Index("ix_customer_contacts_email_key", "email_key"),
    Index("ix_customer_contacts_name_key", "name_key"),
)
