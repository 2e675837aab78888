"""Sessions behind tokens and cookies, roles of the shop's own, and the categories users are restricted to."""

import sqlalchemy as sa
from alembic import op

from tradepost_adapters.sql.migrations.columns import INSTANT, JSON

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("categories", JSON))
    op.create_table(
        "roles",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("base", sa.Text),
        sa.Column("permissions", JSON, nullable=False),
        sa.Column("refund_limits", JSON),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_roles"),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text),
        sa.Column("key_id", sa.Text),
        sa.Column("session_version", sa.Integer, nullable=False),
        sa.Column("token_hash", sa.Text),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("authenticated_at", INSTANT, nullable=False),
        sa.Column("mfa", sa.Boolean, nullable=False),
        sa.Column("last_seen_at", INSTANT, nullable=False),
        sa.Column("idle_expires_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("end_reason", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id"),
        sa.UniqueConstraint("token_hash", name="uq_sessions_token_hash"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_index("ix_sessions_idle_expires_at", "sessions", ["idle_expires_at"])
    op.create_table(
        "session_clients",
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("user_agent", sa.Text),
        sa.Column("address", sa.Text),
        sa.PrimaryKeyConstraint("session_id", name="pk_session_clients"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name="fk_session_clients_session_id", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "used_refresh_tokens",
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("used_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_used_refresh_tokens"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name="fk_used_refresh_tokens_session_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_used_refresh_tokens_session_id", "used_refresh_tokens", ["session_id"])


def downgrade() -> None:
    op.drop_table("used_refresh_tokens")
    op.drop_table("session_clients")
    op.drop_table("sessions")
    op.drop_table("roles")
    with op.batch_alter_table("users") as users:
        users.drop_column("categories")
