"""Keys of machines, and the nonces of signed requests."""

import sqlalchemy as sa
from alembic import op

from tradepost_adapters.sql.migrations.columns import INSTANT, JSON

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text),
        sa.Column("secret_hash", sa.Text, nullable=False),
        sa.Column("former_hash", sa.Text),
        sa.Column("former_until", INSTANT),
        sa.Column("public_key", sa.Text),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT),
        sa.Column("revoked_at", INSTANT),
        sa.Column("last_used_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_api_keys_user_id"),
        sa.UniqueConstraint("secret_hash", name="uq_api_keys_secret_hash"),
        sa.UniqueConstraint("former_hash", name="uq_api_keys_former_hash"),
    )
    op.create_index("ix_api_keys_created_at", "api_keys", ["created_at", "id"])
    op.create_index("ix_api_keys_user_id", "api_keys", ["user_id"])
    op.create_table(
        "used_nonces",
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("good_until", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("nonce", name="pk_used_nonces"),
    )
    op.create_index("ix_used_nonces_good_until", "used_nonces", ["good_until"])


def downgrade() -> None:
    op.drop_table("used_nonces")
    op.drop_table("api_keys")
