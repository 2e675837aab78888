"""Links that are good once, verified addresses, and addresses on the way in and out."""

import sqlalchemy as sa
from alembic import op

from tradepost_adapters.sql.migrations.columns import INSTANT, JSON

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("email_verified_at", INSTANT))
    op.add_column("users", sa.Column("email_version", sa.Integer))
    op.add_column("user_contacts", sa.Column("pending_email", sa.Text))
    op.add_column("user_contacts", sa.Column("former_emails", JSON))
    op.create_table(
        "one_time_tokens",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text),
        sa.Column("address_key", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("against", sa.Text, nullable=False),
        sa.Column("issued_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_one_time_tokens"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_one_time_tokens_user_id"),
        sa.UniqueConstraint("address_key", "purpose", "number", name="uq_one_time_tokens_address_key_purpose_number"),
    )
    op.create_index("ix_one_time_tokens_user_id", "one_time_tokens", ["user_id", "purpose"])
    op.create_index("ix_one_time_tokens_expires_at", "one_time_tokens", ["expires_at"])


def downgrade() -> None:
    op.drop_table("one_time_tokens")
    with op.batch_alter_table("user_contacts") as contacts:
        contacts.drop_column("former_emails")
        contacts.drop_column("pending_email")
    with op.batch_alter_table("users") as users:
        users.drop_column("email_version")
        users.drop_column("email_verified_at")
