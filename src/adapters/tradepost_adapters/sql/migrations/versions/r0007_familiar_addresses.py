"""Where users have signed in from before."""

import sqlalchemy as sa
from alembic import op

from tradepost_adapters.sql.migrations.columns import INSTANT

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "familiar_addresses",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "digest", name="pk_familiar_addresses"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_familiar_addresses_user_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_familiar_addresses_seen_at", "familiar_addresses", ["seen_at"])


def downgrade() -> None:
    op.drop_table("familiar_addresses")
