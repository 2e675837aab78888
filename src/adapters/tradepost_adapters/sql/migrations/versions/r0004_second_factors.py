"""Second factors: authenticator apps, recovery codes, and sign-ins that wait for one of them."""

import sqlalchemy as sa
from alembic import op

from tradepost_adapters.sql.migrations.columns import INSTANT

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "user_totp",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("confirmed_at", INSTANT),
        sa.Column("last_counter", sa.BigInteger),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failed_at", INSTANT),
        sa.PrimaryKeyConstraint("user_id", name="pk_user_totp"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_user_totp_user_id"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
        sa.PrimaryKeyConstraint("user_id", "hash", name="pk_recovery_codes"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_recovery_codes_user_id"),
    )
    op.create_table(
        "sign_in_challenges",
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("session_version", sa.Integer, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("finished_at", INSTANT),
        sa.PrimaryKeyConstraint("hash", name="pk_sign_in_challenges"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sign_in_challenges_user_id"),
    )
    op.create_index("ix_sign_in_challenges_user_id", "sign_in_challenges", ["user_id", "expires_at"])


def downgrade() -> None:
    op.drop_table("sign_in_challenges")
    op.drop_table("recovery_codes")
    op.drop_table("user_totp")
