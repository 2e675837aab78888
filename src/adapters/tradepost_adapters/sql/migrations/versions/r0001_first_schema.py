"""Everything the first release keeps."""

from alembic import op

from tradepost_adapters.sql.tables import whole_metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    tables = whole_metadata()
    tables.create_all(op.get_bind(), checkfirst=False)
    op.bulk_insert(tables.tables["stock_locations"], [{"code": "main", "name": "Main"}])


def downgrade() -> None:
    whole_metadata().drop_all(op.get_bind(), checkfirst=False)
