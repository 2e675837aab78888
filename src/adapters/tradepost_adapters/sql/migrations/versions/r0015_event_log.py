"""The event log, and messages parked for the consumer that could not take them.

A message that failed is no longer held back in the outbox. What was given up there is delivered again: the inbox knows
who had taken it.
"""

import sqlalchemy as sa
from alembic import op

from tradepost_adapters.sql.migrations.columns import INSTANT, ROW_ID, where

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("number", sa.BigInteger))
    op.create_index("uq_outbox_number", "outbox", ["number"], unique=True, **where("number IS NOT NULL"))
    op.create_table(
        "event_log",
        sa.Column("id", sa.SmallInteger, autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event_log"),
    )
    op.execute("INSERT INTO event_log (id, last) VALUES (1, 0)")
    op.create_table(
        "parked_messages",
        sa.Column("position", ROW_ID, sa.Identity(), nullable=False),
        sa.Column("consumer", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("aggregate_id", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("parked_at", INSTANT, nullable=False),
        sa.Column("retry_at", INSTANT),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failed_at", INSTANT),
        sa.Column("error", sa.Text),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("lease_until", INSTANT),
        sa.PrimaryKeyConstraint("position", name="pk_parked_messages"),
        sa.UniqueConstraint("consumer", "message_id", name="uq_parked_messages_consumer"),
    )
    holding = where("retry_at IS NOT NULL")
    op.create_index(
        "ix_parked_messages_holding", "parked_messages", ["aggregate_id", "consumer", "sequence"], **holding
    )
    op.create_index("ix_parked_messages_due", "parked_messages", ["retry_at"], **holding)
    op.execute("UPDATE outbox SET settled_at = NULL WHERE position IN (SELECT position FROM outbox_failures)")
    op.drop_index("ix_outbox_failures_holding", "outbox_failures")
    op.drop_table("outbox_failures")


def downgrade() -> None:
    op.create_table(
        "outbox_failures",
        sa.Column("position", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("aggregate_id", sa.Text, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failed_at", INSTANT, nullable=False),
        sa.Column("retry_at", INSTANT),
        sa.Column("error", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_outbox_failures"),
    )
    op.create_index("ix_outbox_failures_holding", "outbox_failures", ["aggregate_id"], **where("retry_at IS NOT NULL"))
    # What still waits for a consumer is delivered again, as far as the outbox has kept it.
    op.execute("UPDATE outbox SET settled_at = NULL WHERE id IN (SELECT message_id FROM parked_messages)")
    op.drop_table("parked_messages")
    op.drop_table("event_log")
    op.drop_index("uq_outbox_number", "outbox")
    with op.batch_alter_table("outbox") as batch:
        batch.drop_column("number")
