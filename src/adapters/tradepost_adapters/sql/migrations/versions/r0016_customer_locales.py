"""The language customers are written to in."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("customer_contacts", sa.Column("locale", sa.Text))


def downgrade() -> None:
    with op.batch_alter_table("customer_contacts") as contacts:
        contacts.drop_column("locale")
