"""Stock: levels per location and SKU, and the journal of what happened to them."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.types import RowId, UtcDateTime

stock_locations = Table(
    "stock_locations",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
)

stock_levels = Table(
    "stock_levels",
    metadata,
    Column("location", Text, ForeignKey(stock_locations.c.code), nullable=False),
    Column("sku", Text, nullable=False),
    Column("on_hand", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    Column("low_at", BigInteger),
    PrimaryKeyConstraint("location", "sku"),
    CheckConstraint("reserved >= 0", name="reserved"),
    CheckConstraint("on_hand >= reserved", name="available"),
    Index("ix_stock_levels_sku", "sku"),
)

stock_movements = Table(
    "stock_movements",
    metadata,
    Column("id", RowId, Identity(), primary_key=True),
    Column("location", Text, nullable=False),
    Column("sku", Text, nullable=False),
    Column("on_hand", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_stock_movements_sku", "sku", "id"),
    Index("ix_stock_movements_reference", "reference"),
)
