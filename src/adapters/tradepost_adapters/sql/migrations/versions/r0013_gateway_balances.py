"""How far the balance at each gateway was read."""

import sqlalchemy as sa
from alembic import op

from tradepost_adapters.sql.migrations.columns import INSTANT

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "gateway_balances",
        sa.Column("gateway", sa.Text, nullable=False),
        sa.Column("read_to", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("gateway", name="pk_gateway_balances"),
    )


def downgrade() -> None:
    op.drop_table("gateway_balances")
