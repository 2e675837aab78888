"""Jobs as people and programs look at them."""

from datetime import datetime
from typing import Any

import msgspec

from tradepost.jobs.job import Job, JobId, JobRun, JobState


class JobFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs; None is all."""

    state: JobState | None = None
    kind: str | None = None


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
