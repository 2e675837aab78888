"""Look at recurring work."""

from collections.abc import Sequence

import msgspec

from tradepost.jobs.ports import JobViews
from tradepost.jobs.schedule import Schedule
from tradepost.jobs.views import ScheduleView
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff


class ListSchedulesCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor


class ListSchedules:
    """What the shop does by itself, how often, when next, and how it went last. Needs `jobs:read`."""

    access = staff(Permission.JOBS_READ)

    def __init__(self, views: JobViews, schedules: Sequence[Schedule]) -> None:
        self._views = views
        self._schedules = tuple(schedules)

    async def __call__(self, command: ListSchedulesCommand) -> tuple[ScheduleView, ...]:
        self.access.check(command.actor)
        due = await self._views.due_times([schedule.name for schedule in self._schedules])
        latest = await self._views.latest_runs({schedule.kind for schedule in self._schedules})
        return tuple(
            ScheduleView(
                name=schedule.name,
                kind=schedule.kind,
                every=schedule.every,
                due_at=due.get(schedule.name),
                last_run=latest.get(schedule.kind),
            )
            for schedule in self._schedules
        )
