"""Look at what was done, and how it went."""

import msgspec

from tradepost.jobs.ports import JobViews
from tradepost.jobs.views import JobRunFilter, JobRunView
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.kernel.errors import NotFound
from tradepost.kernel.pages import Page, PageRequest


class ListJobRunsCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    which: JobRunFilter = JobRunFilter()
    page: PageRequest = PageRequest()


class ListJobRuns:
    """The runs of a job, a kind of jobs or all, page by page, latest first. Needs `jobs:read`.

    A run is remembered for longer than its job. Raises `job.not_found` where there is neither.
    """

    access = staff(Permission.JOBS_READ)

    def __init__(self, views: JobViews) -> None:
        self._views = views

    async def __call__(self, command: ListJobRunsCommand) -> Page[JobRunView]:
        self.access.check(command.actor)
        which = command.which
        page = await self._views.history(which, command.page)
        if which.job_id is not None and not page.items and await self._views.get(which.job_id) is None:
            raise NotFound("job", which.job_id)
        return page
