"""Jobs in memory."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import islice

from tradepost.jobs.job import Job, JobId, JobRun, JobState, KeyHeld, RunOutcome
from tradepost.jobs.views import JobFilter, JobRunFilter, JobRunView, JobView
from tradepost.kernel.errors import NotFound
from tradepost.kernel.pages import Page, PageRequest
from tradepost.kernel.wakeups import Topic
from tradepost_adapters.memory.database import Index, MemoryDatabase, Session, TableOf
from tradepost_adapters.memory.listing import page_of

_OPEN = (JobState.QUEUED, JobState.RUNNING)


def _open_key(job: Job) -> str | None:
    return job.unique_key if job.state in _OPEN else None


def _open_kind(job: Job) -> str | None:
    return job.kind if job.state in _OPEN else None


JOBS = TableOf[str, Job]("jobs", open_key=Index(_open_key, unique=True), open_kind=Index(_open_kind))
RUNS = TableOf[int, JobRun]("job_runs", job=Index(lambda run: run.job_id))
SCHEDULES = TableOf[str, datetime]("job_schedules")


def _due_at(job: Job) -> datetime:
    return job.run_at if job.lease_until is None else job.lease_until


class MemoryJobs:
    """`Jobs` in memory."""

    def __init__(self, session: Session, wakes: set[Topic]) -> None:
        self._rows = session.table(JOBS)
        self._wakes = wakes

    async def enqueue(self, job: Job, /) -> None:
        if job.unique_key is not None and self._rows.has("open_key", job.unique_key):
            return
        await self.enqueue_all((job,))

    async def enqueue_all(self, jobs: Sequence[Job], /) -> None:
        for job in jobs:
            self._rows.add(job.id, job)
            if job.run_at <= job.created_at:
                self._wakes.add(Topic.JOBS)


class MemoryJobQueue:
    """`JobQueue` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rows = session.table(JOBS)
        self._runs = session.table(RUNS)

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
        due = [
            job
            for kind in kinds
            for job in self._rows.by("open_kind", kind)
            if _due_at(job) <= now and (retake or job.state is JobState.QUEUED)
        ]
        due.sort(key=_due_at)
        claimed = tuple(job.claimed(worker, now, lease_until) for job in due[:limit])
        for job in claimed:
            self._rows[job.id] = job
        return claimed

    async def extend(self, job: Job, now: datetime, lease_until: datetime, /) -> bool:
        current = self._current(job, JobState.RUNNING)
        if current is None:
            return False
        self._rows[job.id] = current.held(now, lease_until)
        return True

    async def get(self, job_id: JobId, /) -> Job:
        job = self._rows.get(job_id)
        if job is None:
            raise NotFound("job", job_id)
        return job

    async def save(self, job: Job, was: JobState, run: JobRun | None = None, /) -> bool:
        if self._current(job, was) is None:
            return False
        key = job.unique_key
        if key is not None and job.state in _OPEN:
            holder = self._rows.one("open_key", key)
            if holder is not None and holder.id != job.id:
                raise KeyHeld(job.id)
        self._rows[job.id] = job
        if run is not None:
            self._runs.add(self._session.next("job_runs"), run)
        return True

    async def ahead(self, moment: datetime, limit: int, /) -> tuple[Job, ...]:
        ahead = (
            job
            for job in self._rows.values()
            if job.state in _OPEN and job.reckoned_at is not None and job.reckoned_at > moment
        )
        return tuple(islice(ahead, limit))

    async def purge(self, before: datetime, runs_before: datetime, most_runs: int, limit: int, /) -> int:
        done = (
            job.id
            for job in self._rows.values()
            if job.state is JobState.DONE and job.finished_at is not None and job.finished_at < before
        )
        forgotten = list(islice(done, limit))
        for job_id in forgotten:
            del self._rows[job_id]
        old_runs, kept = [], Counter[tuple[str, RunOutcome]]()
        for number, run in reversed(tuple(self._runs.items())):
            kept[run.kind, run.outcome] += 1
            if kept[run.kind, run.outcome] > most_runs or run.finished_at < runs_before:
                old_runs.append(number)
        old_runs = old_runs[:limit]
        for number in old_runs:
            del self._runs[number]
        return len(forgotten) + len(old_runs)

    def _current(self, job: Job, was: JobState) -> Job | None:
        current = self._rows.get(job.id)
        return current if current is not None and current.state is was and current.token == job.token else None


class MemoryJobSchedules:
    """`JobSchedules` in memory."""

    def __init__(self, session: Session) -> None:
        self._rows = session.table(SCHEDULES)

    async def due_times(self, names: Sequence[str], /) -> dict[str, datetime]:
        return {name: due for name in names if (due := self._rows.get(name)) is not None}

    async def move(self, name: str, was: datetime | None, to: datetime, /) -> bool:
        if self._rows.get(name) != was:
            return False
        self._rows[name] = to
        return True


class MemoryJobViews:
    """`JobViews` in memory."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def get(self, job_id: JobId, /) -> JobView | None:
        with self._database.reading() as session:
            job = session.table(JOBS).get(job_id)
            return None if job is None else JobView.of(job)

    async def page(self, which: JobFilter, request: PageRequest, /) -> Page[JobView]:
        with self._database.reading() as session:
            rows = [
                job
                for job in session.table(JOBS).values()
                if which.state in (None, job.state) and which.kind in (None, job.kind)
            ]
            return page_of(
                rows,
                request,
                JobView.of,
                key=lambda job: job.id,
                sorts={"created_at": (datetime, lambda job: job.created_at)},
                default="-created_at",
            )

    async def runs(self, job_id: JobId, limit: int, /) -> tuple[JobRunView, ...]:
        with self._database.reading() as session:
            return tuple(reversed(session.table(RUNS).by("job", job_id)))[:limit]

    async def history(self, which: JobRunFilter, request: PageRequest, /) -> Page[JobRunView]:
        with self._database.reading() as session:
            rows = [
                (number, run)
                for number, run in session.table(RUNS).items()
                if which.job_id in (None, run.job_id)
                and which.kind in (None, run.kind)
                and which.outcome in (None, run.outcome)
            ]
            return page_of(
                rows,
                request,
                lambda row: row[1],
                key=lambda row: row[1].job_id,
                sorts={"position": (int, lambda row: row[0])},
                default="-position",
            )

    async def due_times(self, names: Sequence[str], /) -> dict[str, datetime]:
        with self._database.reading() as session:
            rows = session.table(SCHEDULES)
            return {name: due for name in names if (due := rows.get(name)) is not None}

    async def latest_runs(self, kinds: Collection[str], /) -> dict[str, JobRunView]:
        with self._database.reading() as session:
            return {run.kind: run for run in session.table(RUNS).values() if run.kind in kinds}
