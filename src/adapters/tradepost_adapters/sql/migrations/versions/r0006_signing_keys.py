"""The keys that sign access tokens."""

import sqlalchemy as sa
from alembic import op

from tradepost_adapters.sql.migrations.columns import INSTANT

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("public", sa.Text, nullable=False),
        sa.Column("private", sa.Text),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("signs_from", INSTANT, nullable=False),
        sa.Column("signs_until", INSTANT),
        sa.Column("verifies_until", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_signing_keys"),
        sa.UniqueConstraint("generation", name="uq_signing_keys_generation"),
    )


def downgrade() -> None:
    op.drop_table("signing_keys")
