"""Locations, levels, and the journal of what happened to them."""

import sqlalchemy as sa
from alembic import op

from tradepost_adapters.sql.migrations.columns import INSTANT, ROW_ID

TABLES = ("stock_locations", "stock_levels", "stock_movements")


def create() -> None:
    _create_stock()
    locations = sa.table("stock_locations", sa.column("code"), sa.column("name"))
    op.bulk_insert(locations, [{"code": "main", "name": "Main"}])


def _create_stock() -> None:
    op.create_table(
        "stock_locations",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_stock_locations"),
    )
    op.create_table(
        "stock_levels",
        sa.Column("location", sa.Text, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("on_hand", sa.BigInteger, nullable=False),
        sa.Column("reserved", sa.BigInteger, nullable=False),
        sa.Column("low_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("location", "sku", name="pk_stock_levels"),
        sa.CheckConstraint("reserved >= 0", name=op.f("ck_stock_levels_reserved")),
        sa.CheckConstraint("on_hand >= reserved", name=op.f("ck_stock_levels_available")),
        sa.ForeignKeyConstraint(["location"], ["stock_locations.code"], name="fk_stock_levels_location"),
    )
    op.create_index("ix_stock_levels_sku", "stock_levels", ["sku"])
    op.create_table(
        "stock_movements",
        sa.Column("id", ROW_ID, sa.Identity(), nullable=False),
        sa.Column("location", sa.Text, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("on_hand", sa.BigInteger, nullable=False),
        sa.Column("reserved", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stock_movements"),
    )
    op.create_index("ix_stock_movements_reference", "stock_movements", ["reference"])
    op.create_index("ix_stock_movements_sku", "stock_movements", ["sku", "id"])
