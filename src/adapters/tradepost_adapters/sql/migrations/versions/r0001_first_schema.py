"""Everything the first release keeps."""

from alembic import op

from tradepost_adapters.sql.tables import whole_metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    whole_metadata().create_all(op.get_bind(), checkfirst=False)


def downgrade() -> None:
    whole_metadata().drop_all(op.get_bind(), checkfirst=False)
