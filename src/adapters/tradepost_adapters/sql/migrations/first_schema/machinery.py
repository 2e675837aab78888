"""Jobs, facts on their way out and in, idempotency keys."""

import sqlalchemy as sa
from alembic import op

from tradepost_adapters.sql.migrations.columns import INSTANT, JSON, ROW_ID, where

TABLES = (
    "jobs",
    "job_runs",
    "job_schedules",
    "outbox",
    "outbox_partitions",
    "outbox_failures",
    "inbox",
    "idempotency_keys",
)


def create() -> None:
    _create_jobs()
    _create_messaging()
    _create_idempotency()


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("run_at", INSTANT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reckoned_at", INSTANT),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("max_attempts", sa.Integer, nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("lease_until", INSTANT),
        sa.Column("worker", sa.Text),
        sa.Column("unique_key", sa.Text),
        sa.Column("started_at", INSTANT),
        sa.Column("finished_at", INSTANT),
        sa.Column("last_error", sa.Text),
        sa.Column("due_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.CheckConstraint("(due_at IS NOT NULL) = (state IN ('queued', 'running'))", name=op.f("ck_jobs_due")),
    )
    op.create_index("ix_jobs_ahead", "jobs", ["reckoned_at"], **where("due_at IS NOT NULL"))
    op.create_index("ix_jobs_created_at", "jobs", ["created_at", "id"])
    op.create_index("ix_jobs_done", "jobs", ["finished_at"], **where("state = 'done'"))
    op.create_index("ix_jobs_due", "jobs", ["due_at"], **where("due_at IS NOT NULL"))
    op.create_index("uq_jobs_unique_key", "jobs", ["unique_key"], unique=True, **where("due_at IS NOT NULL"))
    op.create_table(
        "job_runs",
        sa.Column("id", ROW_ID, sa.Identity(), nullable=False),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("worker", sa.Text, nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_job_runs"),
    )
    op.create_index("ix_job_runs_finished_at", "job_runs", ["finished_at"])
    op.create_index("ix_job_runs_job_id", "job_runs", ["job_id"])
    op.create_table(
        "job_schedules",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_job_schedules"),
    )


def _create_messaging() -> None:
    op.create_table(
        "outbox",
        sa.Column("position", ROW_ID, sa.Identity(), nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("aggregate_id", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("partition", sa.SmallInteger, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("settled_at", INSTANT),
        sa.PrimaryKeyConstraint("position", name="pk_outbox"),
    )
    op.create_index("ix_outbox_waiting", "outbox", ["partition", "position"], **where("settled_at IS NULL"))
    op.create_table(
        "outbox_partitions",
        sa.Column("partition", sa.SmallInteger, autoincrement=False, nullable=False),
        sa.Column("relay", sa.Text),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("leased_at", INSTANT),
        sa.Column("lease_until", INSTANT),
        sa.PrimaryKeyConstraint("partition", name="pk_outbox_partitions"),
    )
    op.create_table(
        "outbox_failures",
        sa.Column("position", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("aggregate_id", sa.Text, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failed_at", INSTANT, nullable=False),
        sa.Column("retry_at", INSTANT),
        sa.Column("error", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_outbox_failures"),
    )
    op.create_index("ix_outbox_failures_holding", "outbox_failures", ["aggregate_id"], **where("retry_at IS NOT NULL"))
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("consumer", "message_id", name="pk_inbox"),
    )
    op.create_index("ix_inbox_recorded_at", "inbox", ["recorded_at"])


def _create_idempotency() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("resource_id", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.PrimaryKeyConstraint("scope", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])
    op.create_index("ix_idempotency_keys_unanswered", "idempotency_keys", ["resource_id"], **where("outcome IS NULL"))
