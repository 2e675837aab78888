"""Disputes, the tax of refunds, store credit, and constraints that keep anybody from collecting or returning too much."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from tradepost_adapters.sql.migrations.columns import INSTANT, JSON, where

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

COLUMNS: dict[str, tuple[tuple[str, sa.types.TypeEngine[Any], str | None], ...]] = {
    "orders": (("refunded_tax", sa.BigInteger(), "0"),),
    "payments": (("disputed", sa.BigInteger(), "0"),),
    "refunds": (("tax", sa.BigInteger(), "0"), ("wallet", sa.Text(), None)),
    "webhook_events": (("disputes", JSON, "[]"),),
}
"""New columns by table, each with what it holds in rows that are there; None: nothing."""
CHECKS = {
    "orders": {
        "authorized": "authorized <= total",
        "captured": "captured <= authorized",
        "refunded_tax": "refunded_tax >= 0 AND refunded_tax <= tax",
        "disputed": "disputed >= 0",
    },
    "payments": {"authorized": "authorized <= amount", "disputed": "disputed >= 0"},
    "refunds": {"tax": "tax >= 0 AND tax <= amount"},
}


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        for name, type_, was in columns:
            op.add_column(table, sa.Column(name, type_, nullable=was is None, server_default=was))
        with op.batch_alter_table(table) as changed:
            for name, _, was in columns:
                if was is not None:
                    changed.alter_column(name, server_default=None)
            for name, condition in CHECKS.get(table, {}).items():
                changed.create_check_constraint(op.f(f"ck_{table}_{name}"), condition)
    op.create_index("ix_payments_reference", "payments", ["gateway", "reference"], **where("reference IS NOT NULL"))
    _create_disputes()


def downgrade() -> None:
    op.drop_table("disputes")
    op.drop_index("ix_payments_reference", "payments")
    for table, columns in COLUMNS.items():
        with op.batch_alter_table(table) as changed:
            for name in CHECKS.get(table, {}):
                changed.drop_constraint(op.f(f"ck_{table}_{name}"), type_="check")
            for name, _, _ in columns:
                changed.drop_column(name)


def _create_disputes() -> None:
    op.create_table(
        "disputes",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("payment_id", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("gateway", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("withdrawn", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("respond_by", INSTANT),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("settled_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_disputes"),
        sa.CheckConstraint("withdrawn >= 0", name=op.f("ck_disputes_withdrawn")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name="fk_disputes_payment_id"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_disputes_order_id"),
        sa.UniqueConstraint("gateway", "reference", name="uq_disputes_gateway_reference"),
    )
    op.create_index("ix_disputes_order_id", "disputes", ["order_id"])
    op.create_index("ix_disputes_open", "disputes", ["status"], **where("status IN ('needs_response', 'under_review')"))
