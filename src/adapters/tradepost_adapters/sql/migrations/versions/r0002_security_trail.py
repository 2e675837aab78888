"""The trail of what tested or changed access."""

import sqlalchemy as sa
from alembic import op

from tradepost_adapters.sql.migrations.columns import INSTANT, JSON

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "security_events",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text),
        sa.Column("actor_id", sa.Text, nullable=False),
        sa.Column("session_id", sa.Text),
        sa.Column("data", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_security_events"),
    )
    op.create_index("ix_security_events_at", "security_events", ["at", "id"])
    op.create_index("ix_security_events_user_id", "security_events", ["user_id", "at"])
    op.create_table(
        "security_event_clients",
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("address", sa.Text),
        sa.Column("user_agent", sa.Text),
        sa.PrimaryKeyConstraint("event_id", name="pk_security_event_clients"),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["security_events.id"],
            name="fk_security_event_clients_event_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_security_event_clients_at", "security_event_clients", ["at"])


def downgrade() -> None:
    op.drop_table("security_event_clients")
    op.drop_table("security_events")
