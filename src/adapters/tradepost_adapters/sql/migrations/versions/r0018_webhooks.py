"""Webhooks to other systems: endpoints, deliveries and their attempts."""

import sqlalchemy as sa
from alembic import op

from tradepost_adapters.sql.migrations.columns import INSTANT, JSON, where

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("events", JSON, nullable=False),
        sa.Column("secrets", JSON, nullable=False),
        sa.Column("owner_email", sa.Text),
        sa.Column("metadata", JSON, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("state_since", INSTANT),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("failing_since", INSTANT),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_endpoints"),
    )
    op.create_index("ix_webhook_endpoints_created_at", "webhook_endpoints", ["created_at", "id"])
    _make_deliveries()
    op.create_table(
        "webhook_attempts",
        sa.Column("delivery_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("microseconds", sa.BigInteger, nullable=False),
        sa.Column("request_headers", JSON, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("response_headers", JSON, nullable=False),
        sa.Column("response_body", sa.Text, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("error_detail", sa.Text),
        sa.PrimaryKeyConstraint("delivery_id", "number", name="pk_webhook_attempts"),
    )


def _make_deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("endpoint_id", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("event_type", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", INSTANT),
        sa.Column("ended_at", INSTANT),
        sa.Column("last_status", sa.Integer),
        sa.Column("last_error", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
        sa.UniqueConstraint("endpoint_id", "message_id", name="uq_webhook_deliveries_endpoint_id_message_id"),
    )
    table = "webhook_deliveries"
    op.create_index("ix_webhook_deliveries_created_at", table, ["created_at", "id"])
    op.create_index("ix_webhook_deliveries_state", table, ["state", "created_at", "id"])
    op.create_index("ix_webhook_deliveries_endpoint_id", table, ["endpoint_id", "created_at", "id"])
    op.create_index("ix_webhook_deliveries_due", table, ["next_attempt_at"], **where("next_attempt_at IS NOT NULL"))
    held = where("next_attempt_at IS NULL AND ended_at IS NULL")
    op.create_index("ix_webhook_deliveries_held", table, ["endpoint_id", "created_at"], **held)


def downgrade() -> None:
    op.drop_table("webhook_attempts")
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_endpoints")
