"""Work for later, the history of its runs, and when recurring work is due."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, Integer, Table, Text, text

from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.types import Json, RowId, UtcDateTime

_OPEN = text("due_at IS NOT NULL")
_DONE = text("state = 'done'")

# `due_at` is when a worker may take the job: its run_at while it is queued, the end of the lease while it is running,
# NULL afterwards. One index serves both, and stays as small as the queue.
jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("payload", Json(dict[str, Any]), nullable=False),
    Column("run_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("state", Text, nullable=False),
    Column("reckoned_at", UtcDateTime),
    Column("attempts", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("lease_until", UtcDateTime),
    Column("worker", Text),
    Column("unique_key", Text),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("last_error", Text),
    Column("due_at", UtcDateTime),
    CheckConstraint("(due_at IS NOT NULL) = (state IN ('queued', 'running'))", name="due"),
    Index("ix_jobs_due", "due_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_jobs_ahead", "reckoned_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("uq_jobs_unique_key", "unique_key", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_jobs_done", "finished_at", sqlite_where=_DONE, postgresql_where=_DONE),
    Index("ix_jobs_created_at", "created_at", "id"),
)

job_runs = Table(
    "job_runs",
    metadata,
    Column("id", RowId, Identity(), primary_key=True),
    Column("job_id", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("worker", Text, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime, nullable=False, index=True),
    Column("outcome", Text, nullable=False),
    Column("error", Text),
    Column("result", Json()),
    Index("ix_job_runs_kind", "kind", "id"),
)

job_schedules = Table(
    "job_schedules",
    metadata,
    Column("name", Text, primary_key=True),
    Column("due_at", UtcDateTime, nullable=False),
)
