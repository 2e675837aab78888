"""Jobs to look at, in SQL."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import BigInteger, bindparam, func, select

from tradepost.jobs.job import JobId, JobState, RunOutcome
from tradepost.jobs.views import JobFilter, JobRunFilter, JobRunView, JobView
from tradepost.kernel.pages import Page, PageRequest
from tradepost_adapters.sql.connection import Reads, Row
from tradepost_adapters.sql.listing import Listing
from tradepost_adapters.sql.statements import Statement, in_list
from tradepost_adapters.sql.tables.jobs import job_runs, job_schedules, jobs

_FIELDS = JobView.__struct_fields__
_RUN_FIELDS = JobRunView.__struct_fields__
_view = select(*(jobs.c[name] for name in _FIELDS))

_GET = Statement(_view.where(jobs.c.id == bindparam("id")), name="jobs.view")
_run = select(*(job_runs.c[name] for name in _RUN_FIELDS))
_RUNS = Statement(
    _run.where(job_runs.c.job_id == bindparam("job_id"))
    .order_by(job_runs.c.id.desc())
    .limit(bindparam("most", type_=BigInteger())),
    name="job_runs.of_job",
)
_LATEST = Statement(
    _run.where(
        job_runs.c.id.in_(
            select(func.max(job_runs.c.id)).where(in_list(job_runs.c.kind, "kinds")).group_by(job_runs.c.kind)
        )
    ),
    name="job_runs.latest",
)
_DUE_TIMES = Statement(
    select(job_schedules.c.name, job_schedules.c.due_at).where(in_list(job_schedules.c.name, "names")),
    name="job_schedules.view",
)


def _from_row(row: Row) -> JobView:
    values = dict(zip(_FIELDS, row, strict=True))
    values["state"] = JobState(values["state"])
    return JobView(**values)


def _run_from(row: Row) -> JobRunView:
    values = dict(zip(_RUN_FIELDS, row, strict=True))
    values["outcome"] = RunOutcome(values["outcome"])
    return JobRunView(**values)


_JOBS = Listing(
    _view,
    _from_row,
    name="jobs",
    key=jobs.c.id,
    sorts={"created_at": jobs.c.created_at},
    default="-created_at",
    filters={"state": jobs.c.state == bindparam("state"), "kind": jobs.c.kind == bindparam("kind")},
)
_HISTORY = Listing(
    _run,
    _run_from,
    name="job_runs",
    key=job_runs.c.job_id,
    sorts={"position": job_runs.c.id},
    default="-position",
    filters={
        "job_id": job_runs.c.job_id == bindparam("job_id"),
        "kind": job_runs.c.kind == bindparam("kind"),
        "outcome": job_runs.c.outcome == bindparam("outcome"),
    },
)


class SqlJobViews:
    """`JobViews` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def get(self, job_id: JobId, /) -> JobView | None:
        row = await self._reads.one(_GET, {"id": job_id})
        return None if row is None else _from_row(row)

    async def page(self, which: JobFilter, request: PageRequest, /) -> Page[JobView]:
        state = None if which.state is None else which.state.value
        return await _JOBS.page(self._reads, request, {"state": state, "kind": which.kind})

    async def runs(self, job_id: JobId, limit: int, /) -> tuple[JobRunView, ...]:
        return tuple(map(_run_from, await self._reads.all(_RUNS, {"job_id": job_id, "most": limit})))

    async def history(self, which: JobRunFilter, request: PageRequest, /) -> Page[JobRunView]:
        outcome = None if which.outcome is None else which.outcome.value
        filters = {"job_id": which.job_id, "kind": which.kind, "outcome": outcome}
        return await _HISTORY.page(self._reads, request, filters)

    async def due_times(self, names: Sequence[str], /) -> dict[str, datetime]:
        return dict(await self._reads.all(_DUE_TIMES, {"names": list(names)}))

    async def latest_runs(self, kinds: Collection[str], /) -> dict[str, JobRunView]:
        found = map(_run_from, await self._reads.all(_LATEST, {"kinds": list(kinds)}))
        return {run.kind: run for run in found}
