"""Events that gateways report by themselves."""

import sqlalchemy as sa
from alembic import op

from tradepost_adapters.sql.migrations.columns import INSTANT, JSON

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhook_events",
        sa.Column("gateway", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("operation_ids", JSON, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("processed_at", INSTANT),
        sa.Column("outcome", sa.Text),
        sa.PrimaryKeyConstraint("gateway", "id", name="pk_webhook_events"),
    )
    op.create_index("ix_webhook_events_processed_at", "webhook_events", ["processed_at"])


def downgrade() -> None:
    op.drop_table("webhook_events")
