"""Jobs as people and programs look at them."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from tradepost.jobs.job import Job, JobId, JobRun, JobState, RunOutcome


class JobFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs; None is all."""

    state: JobState | None = None
    kind: str | None = None


class JobRunFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs; None is all."""

    job_id: JobId | None = None
    kind: str | None = None
    outcome: RunOutcome | None = None


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    id: JobId
    kind: str
    payload: dict[str, Any]
    state: JobState
    run_at: datetime
    attempts: int
    max_attempts: int
    unique_key: str | None
    lease_until: datetime | None
    worker: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    last_error: str | None

    @classmethod
    def of(cls, job: Job) -> "JobView":
        return cls(**{name: getattr(job, name) for name in cls.__struct_fields__})


JobRunView = JobRun
"""A run is a plain fact already, and shown as it is."""


class JobDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A job with its latest runs, latest first."""

    job: JobView
    runs: tuple[JobRunView, ...]


class ScheduleView(msgspec.Struct, frozen=True, kw_only=True):
    """Recurring work: how often, when next, and how it went last. `due_at` is None before a worker has seen it."""

    name: str
    kind: str
    every: timedelta
    due_at: datetime | None
    last_run: JobRunView | None
