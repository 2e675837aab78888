"""What came of a job's run, and the runs of a kind along an index."""

import sqlalchemy as sa
from alembic import op

from tradepost_adapters.sql.migrations.columns import JSON

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job_runs", sa.Column("result", JSON))
    op.create_index("ix_job_runs_kind", "job_runs", ["kind", "id"])


def downgrade() -> None:
    op.drop_index("ix_job_runs_kind", "job_runs")
    with op.batch_alter_table("job_runs") as runs:
        runs.drop_column("result")
