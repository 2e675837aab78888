"""What jobs need from a database."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from tradepost.jobs.job import Job, JobId, JobRun, JobState
from tradepost.jobs.views import JobFilter, JobRunFilter, JobRunView, JobView
from tradepost.kernel.pages import Page, PageRequest


class Jobs(Protocol):
    """Where a use case puts work for later, inside its transaction: both happen or neither."""

    async def enqueue(self, job: Job, /) -> None:
        """Put a job in the queue; no effect when its unique key is held. Signals `Topic.JOBS` after the commit."""
        ...

    async def enqueue_all(self, jobs: Sequence[Job], /) -> None:
        """Put jobs in the queue whose unique keys nobody can hold, being of something new, at the cost of no extra round
        trip. One that is held nevertheless undoes the transaction. Signals `Topic.JOBS` after the commit."""
        ...


class HasJobs(Protocol):
    @property
    def jobs(self) -> Jobs: ...


class JobQueue(Protocol):
    """The worker's side of the queue, inside a transaction."""

    async def claim(
        self,
        worker: str,
        kinds: Collection[str],
        now: datetime,
        lease_until: datetime,
        limit: int,
        /,
        *,
        retake: bool = True,
    ) -> tuple[Job, ...]:
        """Take at most `limit` due jobs of these kinds, as `Job.claimed` says; longest due first.

        Due is a queued job at its `run_at` and, with `retake`, a running one at the end of its lease. No job is given
        to two workers.
        """
        ...

    async def extend(self, job: Job, now: datetime, lease_until: datetime, /) -> bool:
        """Hold a claimed job longer. False when somebody else has it by now."""
        ...

    async def get(self, job_id: JobId, /) -> Job:
        """Raises `NotFound`."""
        ...

    async def save(self, job: Job, was: JobState, run: JobRun | None = None, /) -> bool:
        """Write a job that was in the state `was` under the same token, and add a run to the history.

        False, and nothing written, when it has moved on. Raises `job.key_held` when it comes back to the queue and
        another job has its unique key.
        """
        ...

    async def ahead(self, moment: datetime, limit: int, /) -> tuple[Job, ...]:
        """Queued and running jobs reckoned from an instant after `moment`: the clock was set back since."""
        ...

    async def purge(self, before: datetime, runs_before: datetime, most_runs: int, limit: int, /) -> int:
        """Forget at most `limit` jobs done before then, and as many runs that ended before `runs_before` or that are more
        than the latest `most_runs` of their kind and outcome; how many. Dead jobs stay."""
        ...


class HasJobQueue(Protocol):
    @property
    def job_queue(self) -> JobQueue: ...


class JobSchedules(Protocol):
    """When each recurring job is due next, inside a transaction."""

    async def due_times(self, names: Sequence[str], /) -> dict[str, datetime]: ...

    async def move(self, name: str, was: datetime | None, to: datetime, /) -> bool:
        """Set when it is due next. False when somebody else moved it first. `was` is None for a new schedule."""
        ...


class HasJobSchedules(Protocol):
    @property
    def job_schedules(self) -> JobSchedules: ...


class JobViews(Protocol):
    """Jobs to look at, outside any transaction."""

    async def get(self, job_id: JobId, /) -> JobView | None: ...

    async def page(self, which: JobFilter, request: PageRequest, /) -> Page[JobView]:
        """Sorted by `created_at`, descending by default."""
        ...

    async def runs(self, job_id: JobId, limit: int, /) -> tuple[JobRunView, ...]:
        """The history of a job, latest run first."""
        ...

    async def history(self, which: JobRunFilter, request: PageRequest, /) -> Page[JobRunView]:
        """Sorted by `position`, in which runs ended, descending by default."""
        ...

    async def due_times(self, names: Sequence[str], /) -> dict[str, datetime]:
        """When the schedules of these names are due next; those no worker has seen yet are not there."""
        ...

    async def latest_runs(self, kinds: Collection[str], /) -> dict[str, JobRunView]:
        """The latest run of each of these kinds that has run."""
        ...
