"""Tax rates, shipping methods, carts and orders, and apart from them the personal data of who bought."""

import sqlalchemy as sa
from alembic import op

from tradepost_adapters.sql.migrations.columns import INSTANT, JSON, on_sqlite, where

TABLES = (
    "tax_rates",
    "shipping_methods",
    "carts",
    "cart_contacts",
    "orders",
    "order_lines",
    "order_contacts",
    "order_history",
)


def create() -> None:
    _create_pricing()
    _create_carts()
    _create_orders()
    _create_order_parts()


def _create_pricing() -> None:
    op.create_table(
        "tax_rates",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("country", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("rate", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tax_rates"),
        sa.UniqueConstraint("country", "region", "category", name="uq_tax_rates_country_region_category"),
    )
    op.create_table(
        "shipping_methods",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("tariffs", JSON, nullable=False),
        sa.Column("countries", JSON, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shipping_methods"),
        sa.UniqueConstraint("code", name="uq_shipping_methods_code"),
    )


def _create_carts() -> None:
    op.create_table(
        "carts",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("lines", JSON, nullable=False),
        sa.Column("shipping_method", sa.Text),
        sa.Column("order_id", sa.Text),
        sa.Column("metadata", JSON, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_carts"),
    )
    op.create_index("ix_carts_open", "carts", ["customer_id", "id"], **where("status = 'open'"))
    op.create_table(
        "cart_contacts",
        sa.Column("cart_id", sa.Text, nullable=False),
        sa.Column("contact", JSON, nullable=False),
        sa.PrimaryKeyConstraint("cart_id", name="pk_cart_contacts"),
        sa.ForeignKeyConstraint(["cart_id"], ["carts.id"], name="fk_cart_contacts_cart_id"),
    )


def _create_orders() -> None:
    if not on_sqlite():
        op.execute(sa.schema.CreateSequence(sa.Sequence("order_numbers", start=100_001, increment=50)))
    op.create_table(
        "orders",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("customer_id", sa.Text),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("fulfillment", sa.Text, nullable=False),
        sa.Column("subtotal", sa.BigInteger, nullable=False),
        sa.Column("shipping_total", sa.BigInteger, nullable=False),
        sa.Column("tax", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("authorized", sa.BigInteger, nullable=False),
        sa.Column("captured", sa.BigInteger, nullable=False),
        sa.Column("refunded", sa.BigInteger, nullable=False),
        sa.Column("disputed", sa.BigInteger, nullable=False),
        sa.Column("shipping", JSON),
        sa.Column("parcels", JSON, nullable=False),
        sa.Column("metadata", JSON, nullable=False),
        sa.Column("external_id", sa.Text),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("placed_at", INSTANT),
        sa.Column("expires_at", INSTANT),
        sa.Column("ended_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
        sa.CheckConstraint("refunded >= 0 AND refunded <= captured", name=op.f("ck_orders_refunded")),
        sa.UniqueConstraint("number", name="uq_orders_number"),
        sa.UniqueConstraint("external_id", name="uq_orders_external_id"),
    )
    op.create_index("ix_orders_created_at", "orders", ["created_at", "id"])
    op.create_index("ix_orders_customer_id", "orders", ["customer_id", "created_at"])
    op.create_index("ix_orders_pending", "orders", ["expires_at"], **where("status = 'pending'"))


def _create_order_parts() -> None:
    op.create_table(
        "order_lines",
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("unit_price", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("net", sa.BigInteger, nullable=False),
        sa.Column("tax", sa.BigInteger, nullable=False),
        sa.Column("gross", sa.BigInteger, nullable=False),
        sa.Column("rate", sa.Text, nullable=False),
        sa.Column("inclusive", sa.Boolean, nullable=False),
        sa.Column("tracked", sa.Boolean, nullable=False),
        sa.Column("fulfilled", sa.BigInteger, nullable=False),
        sa.Column("returned", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("order_id", "number", name="pk_order_lines"),
        sa.CheckConstraint(
            "0 <= returned AND returned <= fulfilled AND fulfilled <= quantity", name=op.f("ck_order_lines_fulfilled")
        ),
        sa.CheckConstraint("net + tax = gross", name=op.f("ck_order_lines_gross")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_order_lines_order_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_order_lines_sku", "order_lines", ["sku"])
    op.create_table(
        "order_contacts",
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("contact", JSON, nullable=False),
        sa.PrimaryKeyConstraint("order_id", name="pk_order_contacts"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_order_contacts_order_id"),
    )
    op.create_table(
        "order_history",
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.PrimaryKeyConstraint("order_id", "place", name="pk_order_history"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_order_history_order_id"),
        sqlite_with_rowid=False,
    )
