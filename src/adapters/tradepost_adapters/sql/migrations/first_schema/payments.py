"""Payments, the operations that carry them out, and refunds."""

import sqlalchemy as sa
from alembic import op

from tradepost_adapters.sql.migrations.columns import INSTANT, JSON, where

TABLES = ("payments", "operations", "refunds")


def create() -> None:
    _create_payments()
    _create_operations()
    _create_refunds()


def _create_payments() -> None:
    op.create_table(
        "payments",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("gateway", sa.Text),
        sa.Column("capture", sa.Boolean, nullable=False),
        sa.Column("reference", sa.Text),
        sa.Column("authorized", sa.BigInteger, nullable=False),
        sa.Column("captured", sa.BigInteger, nullable=False),
        sa.Column("capturing", sa.BigInteger, nullable=False),
        sa.Column("refunding", sa.BigInteger, nullable=False),
        sa.Column("refunded", sa.BigInteger, nullable=False),
        sa.Column("metadata", JSON, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_payments"),
        sa.CheckConstraint("captured + capturing <= authorized", name=op.f("ck_payments_captured")),
        sa.CheckConstraint("refunded + refunding <= captured", name=op.f("ck_payments_refunded")),
        sa.CheckConstraint(
            "amount >= 0 AND capturing >= 0 AND refunding >= 0 AND refunded >= 0", name=op.f("ck_payments_positive")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_payments_order_id"),
    )
    op.create_index("ix_payments_order_id", "payments", ["order_id"])


def _create_operations() -> None:
    op.create_table(
        "operations",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("payment_id", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("refund_id", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("request", JSON, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("lease_until", INSTANT, nullable=False),
        sa.Column("reference", sa.Text),
        sa.Column("next_action", sa.Text),
        sa.Column("failure_code", sa.Text),
        sa.Column("failure_message", sa.Text),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("settled_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_operations"),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name="fk_operations_payment_id"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_operations_order_id"),
    )
    op.create_index(
        "ix_operations_open",
        "operations",
        ["lease_until"],
        **where("status IN ('pending', 'unknown') AND next_action IS NULL"),
    )
    op.create_index("ix_operations_order_id", "operations", ["order_id"])
    op.create_index("ix_operations_payment_id", "operations", ["payment_id"])


def _create_refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("payment_id", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("lines", JSON, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("failure_code", sa.Text),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("settled_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_refunds"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_refunds_amount")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name="fk_refunds_payment_id"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_refunds_order_id"),
    )
    op.create_index("ix_refunds_order_id", "refunds", ["order_id"])
