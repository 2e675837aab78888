"""Look at one job."""

import msgspec

from tradepost.jobs.job import JobId
from tradepost.jobs.ports import JobViews
from tradepost.jobs.views import JobDetails
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.kernel.errors import NotFound

_RUNS = 50


class GetJobCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    job_id: JobId


class GetJob:
    """A job and its latest runs. Needs `jobs:read`. Raises `job.not_found`."""

    access = staff(Permission.JOBS_READ)

    def __init__(self, views: JobViews) -> None:
        self._views = views

    async def __call__(self, command: GetJobCommand) -> JobDetails:
        self.access.check(command.actor)
        job = await self._views.get(command.job_id)
        if job is None:
            raise NotFound("job", command.job_id)
        return JobDetails(job=job, runs=await self._views.runs(command.job_id, _RUNS))
