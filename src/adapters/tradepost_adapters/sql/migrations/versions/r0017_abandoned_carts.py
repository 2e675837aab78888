"""When others were told that a cart lies idle.

Of the carts there are already nobody is told, or the first day would bring a letter about every cart of the last years:
they count again when somebody touches them.
"""

import sqlalchemy as sa
from alembic import op

from tradepost_adapters.sql.migrations.columns import INSTANT, where

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("carts", sa.Column("abandoned_at", INSTANT))
    op.execute("UPDATE carts SET abandoned_at = updated_at WHERE status = 'open' AND lines <> '[]'")
    untold = where("status = 'open' AND abandoned_at IS NULL AND lines <> '[]'")
    op.create_index("ix_carts_untold", "carts", ["updated_at"], **untold)
    op.create_index("ix_carts_guests", "carts", ["updated_at"], **where("customer_id IS NULL AND order_id IS NULL"))


def downgrade() -> None:
    op.drop_index("ix_carts_guests", "carts")
    op.drop_index("ix_carts_untold", "carts")
    with op.batch_alter_table("carts") as carts:
        carts.drop_column("abandoned_at")
