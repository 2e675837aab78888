"""Look at the queue."""

import msgspec

from tradepost.jobs.ports import JobViews
from tradepost.jobs.views import JobFilter, JobView
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.pages import Page, PageRequest


class ListJobsCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    which: JobFilter = JobFilter()
    page: PageRequest = PageRequest()


class ListJobs:
    """Jobs page by page, latest first. Needs `jobs:read`."""

    def __init__(self, views: JobViews) -> None:
        self._views = views

    async def __call__(self, command: ListJobsCommand) -> Page[JobView]:
        command.actor.require(Permission.JOBS_READ)
        return await self._views.page(command.which, command.page)
