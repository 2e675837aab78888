"""Everything the first release keeps."""

from alembic import op

from tradepost_adapters.sql.migrations.columns import on_sqlite
from tradepost_adapters.sql.migrations.first_schema import accounts, catalog, machinery, payments, selling, stock

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_PARTS = (accounts, catalog, stock, selling, payments, machinery)


def upgrade() -> None:
    for part in _PARTS:
        part.create()


def downgrade() -> None:
    op.execute("DROP TABLE product_search_index" if on_sqlite() else "DROP SEQUENCE order_numbers")
    for part in reversed(_PARTS):
        for table in reversed(part.TABLES):
            op.drop_table(table)
