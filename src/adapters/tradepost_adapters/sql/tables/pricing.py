"""Tax rates by place and category, and shipping methods with their tariffs."""

from sqlalchemy import Column, Integer, Table, Text, UniqueConstraint

from tradepost.pricing.shipping import Tariff
from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.types import Flag, Json

tax_rates = Table(
    "tax_rates",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("country", Text, nullable=False),
    # Empty for the whole country: a NULL would be no obstacle to a second one.
    Column("region", Text, nullable=False),
    Column("category", Text, nullable=False),
    # A decimal percent as text: exact on both databases, and what orders and invoices show.
    Column("rate", Text, nullable=False),
    UniqueConstraint("country", "region", "category"),
)

shipping_methods = Table(
    "shipping_methods",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("tariffs", Json(tuple[Tariff, ...]), nullable=False),
    Column("countries", Json(tuple[str, ...]), nullable=False),
    Column("active", Flag, nullable=False),
)
