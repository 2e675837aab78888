"""Jobs in SQL: the queue, its worker's side, and recurring work."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from tradepost.jobs.job import Job, JobId, JobRun, JobState, KeyHeld
from tradepost.kernel.errors import NotFound
from tradepost.kernel.wakeups import Topic
from tradepost_adapters.sql.connection import Connection, Row, UniqueViolation
from tradepost_adapters.sql.statements import Insert, Statement, in_list
from tradepost_adapters.sql.tables.jobs import job_runs, job_schedules, jobs
from tradepost_adapters.sql.types import Flag, UtcDateTime

_FIELDS = Job.__struct_fields__
_JOB = tuple(jobs.c[name] for name in _FIELDS)
_MOST = bindparam("most", type_=BigInteger())
_NOW = bindparam("now", type_=UtcDateTime())
_UNTIL = bindparam("until", type_=UtcDateTime())

_INSERT = Insert(jobs)
_VALUES: dict[str, Any] = {column.name: bindparam(column.name, type_=column.type) for column in jobs.columns}
_ENQUEUE_ONCE = Statement.by_dialect(
    sqlite=sqlite.insert(jobs).values(_VALUES).on_conflict_do_nothing(),
    postgresql=postgresql.insert(jobs).values(_VALUES).on_conflict_do_nothing(),
    name="jobs.enqueue_once",
)
_GET = Statement(select(*_JOB).where(jobs.c.id == bindparam("id")), name="jobs.get")

_due = (
    select(jobs.c.id)
    .where(
        jobs.c.due_at.is_not(None),
        jobs.c.due_at <= _NOW,
        in_list(jobs.c.kind, "kinds"),
        or_(jobs.c.state == JobState.QUEUED.value, bindparam("retake", type_=Flag())),
    )
    .order_by(jobs.c.due_at)
    .limit(_MOST)
    .with_for_update(skip_locked=True)
    .cte("due")
)
# In the words of `Job.claimed`.
_CLAIM = Statement(
    update(jobs)
    .where(jobs.c.id.in_(select(_due.c.id)))
    .values(
        state=JobState.RUNNING.value,
        attempts=jobs.c.attempts + 1,
        token=jobs.c.token + 1,
        worker=bindparam("claimant"),
        started_at=_NOW,
        lease_until=_UNTIL,
        due_at=_UNTIL,
        reckoned_at=_NOW,
    )
    .returning(*_JOB),
    name="jobs.claim",
)
_UNCHANGED = (
    jobs.c.id == bindparam("its_id"),
    jobs.c.token == bindparam("its_token"),
    jobs.c.state == bindparam("was"),
)
_EXTEND = Statement(
    update(jobs).where(*_UNCHANGED).values(lease_until=_UNTIL, due_at=_UNTIL, reckoned_at=_NOW), name="jobs.extend"
)
_FIXED = frozenset({"id", "kind", "payload", "created_at", "max_attempts", "token", "unique_key"})
_CHANGING: dict[str, Any] = {name: bind for name, bind in _VALUES.items() if name not in _FIXED}
_SAVE = Statement(update(jobs).where(*_UNCHANGED).values(_CHANGING), name="jobs.save")
_AHEAD = Statement(
    select(*_JOB)
    .where(jobs.c.due_at.is_not(None), jobs.c.reckoned_at > bindparam("moment", type_=UtcDateTime()))
    .limit(_MOST),
    name="jobs.ahead",
)
_RUN = Insert(job_runs)

_done = (
    select(jobs.c.id)
    .where(jobs.c.state == JobState.DONE.value, jobs.c.finished_at < bindparam("before"))
    .order_by(jobs.c.finished_at)
    .limit(_MOST)
)
_PURGE = Statement(delete(jobs).where(jobs.c.id.in_(_done)), name="jobs.purge")
_ranked = select(
    job_runs.c.id,
    job_runs.c.finished_at,
    func.row_number()
    .over(partition_by=(job_runs.c.kind, job_runs.c.outcome), order_by=job_runs.c.id.desc())
    .label("place"),
).subquery("ranked")
_old_runs = (
    select(_ranked.c.id)
    .where(
        or_(
            _ranked.c.finished_at < bindparam("runs_before", type_=UtcDateTime()),
            _ranked.c.place > bindparam("most_runs", type_=BigInteger()),
        )
    )
    .limit(_MOST)
)
_PURGE_RUNS = Statement(delete(job_runs).where(job_runs.c.id.in_(_old_runs)), name="job_runs.purge")

_DUE_TIMES = Statement(
    select(job_schedules.c.name, job_schedules.c.due_at).where(in_list(job_schedules.c.name, "names")),
    name="job_schedules.due_times",
)
_SCHEDULE: dict[str, Any] = {
    "name": bindparam("name", type_=job_schedules.c.name.type),
    "due_at": bindparam("to", type_=UtcDateTime()),
}
_ADD_SCHEDULE = Statement.by_dialect(
    sqlite=sqlite.insert(job_schedules).values(_SCHEDULE).on_conflict_do_nothing(),
    postgresql=postgresql.insert(job_schedules).values(_SCHEDULE).on_conflict_do_nothing(),
    name="job_schedules.add",
)
_MOVE_SCHEDULE = Statement(
    update(job_schedules)
    .where(job_schedules.c.name == bindparam("its_name"), job_schedules.c.due_at == bindparam("was"))
    .values(due_at=bindparam("to", type_=UtcDateTime())),
    name="job_schedules.move",
)


def _to_row(job: Job) -> dict[str, Any]:
    row = msgspec.structs.asdict(job)
    row["state"] = job.state.value
    open_ = job.state in (JobState.QUEUED, JobState.RUNNING)
    row["due_at"] = (job.lease_until or job.run_at) if open_ else None
    return row


def _from_row(row: Row) -> Job:
    values = dict(zip(_FIELDS, row, strict=True))
    values["state"] = JobState(values["state"])
    return Job(**values)


class SqlJobs:
    """`Jobs` in SQL."""

    def __init__(self, connection: Connection, wakes: set[Topic]) -> None:
        self._connection = connection
        self._wakes = wakes

    async def enqueue(self, job: Job, /) -> None:
        if job.unique_key is None:
            self._connection.defer(_INSERT, (_to_row(job),))
        else:
            await self._connection.run(_ENQUEUE_ONCE, _to_row(job))
        self._wake((job,))

    async def enqueue_all(self, jobs: Sequence[Job], /) -> None:
        if jobs:
            self._connection.defer(_INSERT, list(map(_to_row, jobs)))
            self._wake(jobs)

    def _wake(self, jobs: Sequence[Job]) -> None:
        if any(job.run_at <= job.created_at for job in jobs):
            self._wakes.add(Topic.JOBS)


class SqlJobQueue:
    """`JobQueue` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

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
        params = {
            "claimant": worker,
            "kinds": list(kinds),
            "now": now,
            "until": lease_until,
            "most": limit,
            "retake": retake,
        }
        claimed = map(_from_row, await self._connection.all(_CLAIM, params))
        return tuple(sorted(claimed, key=lambda job: (job.run_at, job.id)))

    async def extend(self, job: Job, now: datetime, lease_until: datetime, /) -> bool:
        return (
            await self._connection.run(_EXTEND, _key(job, JobState.RUNNING) | {"now": now, "until": lease_until}) == 1
        )

    async def get(self, job_id: JobId, /) -> Job:
        row = await self._connection.one(_GET, {"id": job_id})
        if row is None:
            raise NotFound("job", job_id)
        return _from_row(row)

    async def save(self, job: Job, was: JobState, run: JobRun | None = None, /) -> bool:
        row = _to_row(job)
        try:
            saved = await self._connection.run(_SAVE, _key(job, was) | {name: row[name] for name in _CHANGING})
        except UniqueViolation as violation:
            raise KeyHeld(job.id) from violation
        if saved != 1:
            return False
        if run is not None:
            self._connection.defer(_RUN, (msgspec.structs.asdict(run) | {"outcome": run.outcome.value},))
        return True

    async def ahead(self, moment: datetime, limit: int, /) -> tuple[Job, ...]:
        return tuple(map(_from_row, await self._connection.all(_AHEAD, {"moment": moment, "most": limit})))

    async def purge(self, before: datetime, runs_before: datetime, most_runs: int, limit: int, /) -> int:
        done = await self._connection.run(_PURGE, {"before": before, "most": limit})
        params = {"runs_before": runs_before, "most_runs": most_runs, "most": limit}
        return done + await self._connection.run(_PURGE_RUNS, params)


class SqlJobSchedules:
    """`JobSchedules` in SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def due_times(self, names: Sequence[str], /) -> dict[str, datetime]:
        return dict(await self._connection.all(_DUE_TIMES, {"names": names}))

    async def move(self, name: str, was: datetime | None, to: datetime, /) -> bool:
        if was is None:
            return await self._connection.run(_ADD_SCHEDULE, {"name": name, "to": to}) == 1
        return await self._connection.run(_MOVE_SCHEDULE, {"its_name": name, "was": was, "to": to}) == 1


def _key(job: Job, was: JobState) -> dict[str, Any]:
    return {"its_id": job.id, "its_token": job.token, "was": was.value}
