"""A job: work for later, kept in the application's own database, done by one worker at a time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NewType

import msgspec

from tradepost.kernel.backoff import Backoff
from tradepost.kernel.errors import Conflict

JobId = NewType("JobId", str)
MAX_ERROR = 4_000
"""Characters kept of an error and its traceback."""
MAX_RESULT = 4_000
"""Bytes a result may have as JSON; a larger one is not kept."""


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


class RunOutcome(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    LOST = "lost"  # its worker fell silent
    HANDED_BACK = "handed_back"  # its worker was told to stop


class KeyHeld(Conflict):
    """Another job that is queued or running has the unique key."""

    def __init__(self, job_id: str) -> None:
        super().__init__(
            "job.key_held",
            f"Another job with the unique key of {job_id} is queued or running; it does the same work.",
            {"id": job_id},
        )


class JobRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run in a job's history. `result` is what its handler returned, as JSON values."""

    job_id: JobId
    kind: str
    attempt: int
    worker: str
    started_at: datetime
    finished_at: datetime
    outcome: RunOutcome
    error: str | None = None
    result: Any = None


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Work of one `kind` with a JSON `payload`, due at `run_at`. Every method returns the job as it is afterwards.

    `attempts` counts runs begun; the run number `max_attempts` is the last. `token` grows each time a worker takes the
    job, so that one who was thought dead cannot finish it for the next. While a job is queued or running no other one
    has its `unique_key`.

    `reckoned_at` is the instant from which `run_at` (or, while running, `lease_until`) was reckoned, and None when
    `run_at` is an appointed time. When it lies in the future the clock was set back, and the pause is reckoned anew.
    """

    id: JobId
    kind: str
    payload: dict[str, Any]
    run_at: datetime
    created_at: datetime
    state: JobState = JobState.QUEUED
    reckoned_at: datetime | None = None
    attempts: int = 0
    max_attempts: int = 10
    token: int = 0
    lease_until: datetime | None = None
    worker: str | None = None
    unique_key: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    last_error: str | None = None

    @classmethod
    def new(
        cls,
        id: str,  # noqa: A002 - `id` is what it is
        kind: str,
        payload: dict[str, Any] | None = None,
        *,
        now: datetime,
        run_at: datetime | None = None,
        delay: timedelta = timedelta(),
        unique_key: str | None = None,
        max_attempts: int = 10,
    ) -> "Job":
        """A job that is due at the appointed time `run_at`, or else after `delay`, which is at once by default.

        An appointed time is kept by the clock, also when that is set; a delay lasts what it lasts.
        """
        return cls(
            id=JobId(id),
            kind=kind,
            payload=payload or {},
            run_at=run_at or now + delay,
            created_at=now,
            reckoned_at=None if run_at else now,
            unique_key=unique_key,
            max_attempts=max_attempts,
        )

    def claimed(self, worker: str, now: datetime, lease_until: datetime) -> "Job":
        """Taken by a worker, from the queue or from one who fell silent."""
        return msgspec.structs.replace(
            self,
            state=JobState.RUNNING,
            attempts=self.attempts + 1,
            token=self.token + 1,
            worker=worker,
            started_at=now,
            lease_until=lease_until,
            reckoned_at=now,
        )

    def held(self, now: datetime, lease_until: datetime) -> "Job":
        """Held longer by the worker that has it."""
        return msgspec.structs.replace(self, lease_until=lease_until, reckoned_at=now)

    @property
    def exhausted(self) -> bool:
        """Claimed once more than it may be: every run allowed ended with its worker falling silent."""
        return self.attempts > self.max_attempts

    def succeeded(self, at: datetime) -> "Job":
        return self._released(state=JobState.DONE, finished_at=at, last_error=None)

    def failed(self, error: str, at: datetime, backoff: Backoff, random: Callable[[], float]) -> "Job":
        """Queued again after a pause, or dead when it was the last attempt."""
        error = error[-MAX_ERROR:]
        if self.attempts >= self.max_attempts:
            return self._released(state=JobState.DEAD, finished_at=at, last_error=error)
        return self._released(
            state=JobState.QUEUED,
            run_at=at + backoff.pause(self.attempts, random),
            reckoned_at=at,
            last_error=error,
        )

    def given_up(self, error: str, at: datetime) -> "Job":
        """Dead, whatever attempts are left: its handler says that they would not help."""
        return self._released(state=JobState.DEAD, finished_at=at, last_error=error[-MAX_ERROR:])

    def buried(self, at: datetime) -> "Job":
        """Dead, because its workers kept falling silent while running it."""
        return self._released(
            state=JobState.DEAD,
            attempts=self.max_attempts,
            finished_at=at,
            last_error="Its worker fell silent on the last attempt; it may have crashed because of this job.",
        )

    def handed_back(self, at: datetime) -> "Job":
        """Queued again at once, and the run not counted: its worker is stopping."""
        return self._released(state=JobState.QUEUED, attempts=self.attempts - 1, run_at=at, reckoned_at=at)

    def retried(self, at: datetime) -> "Job":
        """Queued again by a person, with all its attempts. Raises `job.not_dead`."""
        if self.state is not JobState.DEAD:
            raise Conflict("job.not_dead", f"Job {self.id} is {self.state}; only a dead job can be retried.")
        return self._released(state=JobState.QUEUED, attempts=0, run_at=at, reckoned_at=at, finished_at=None)

    def hastened(self, at: datetime) -> "Job":
        """Due at once. Raises `job.not_queued`."""
        if self.state is not JobState.QUEUED:
            raise Conflict(
                "job.not_queued", f"Job {self.id} is {self.state}; only a queued job can be run now (retry a dead one)."
            )
        return msgspec.structs.replace(self, run_at=at, reckoned_at=at)

    def realigned(self, now: datetime) -> "Job":
        """With the pause or lease reckoned anew from `now`, after the clock was set back."""
        if self.reckoned_at is None or self.reckoned_at <= now:
            return self
        if self.lease_until is not None:
            until = now + (self.lease_until - self.reckoned_at)
            return msgspec.structs.replace(self, lease_until=until, reckoned_at=now)
        return msgspec.structs.replace(self, run_at=now + (self.run_at - self.reckoned_at), reckoned_at=now)

    def run(self, outcome: RunOutcome, at: datetime, error: str | None = None, result: object = None) -> JobRun:
        """The run that ends now, for the history."""
        return JobRun(
            job_id=self.id,
            kind=self.kind,
            attempt=self.attempts,
            worker=self.worker or "",
            started_at=self.started_at or at,
            finished_at=at,
            outcome=outcome,
            error=None if error is None else error[-MAX_ERROR:],
            result=_kept(result),
        )

    def _released(self, **changes: Any) -> "Job":
        return msgspec.structs.replace(self, **{"lease_until": None, "worker": None, "reckoned_at": None} | changes)


def _kept(result: object) -> Any:
    """What a handler returned, as the history keeps it: None when that is no JSON, or too much of it."""
    try:
        written = msgspec.json.encode(result)
    except (TypeError, ValueError):
        return None
    return msgspec.json.decode(written) if len(written) <= MAX_RESULT else None
