"""Look at the queue."""

import msgspec

from tradepost.jobs.ports import JobViews
from tradepost.jobs.views import JobFilter, JobView
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.kernel.pages import Page, PageRequest


class ListJobsCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    which: JobFilter = JobFilter()
    page: PageRequest = PageRequest()


class ListJobs:
    """Jobs page by page, latest first. Needs `jobs:read`."""

    access = staff(Permission.JOBS_READ)

    def __init__(self, views: JobViews) -> None:
        self._views = views

    async def __call__(self, command: ListJobsCommand) -> Page[JobView]:
        self.access.check(command.actor)
        return await self._views.page(command.which, command.page)
