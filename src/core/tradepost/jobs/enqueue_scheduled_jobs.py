"""Put recurring jobs in the queue when they are due."""

from collections.abc import Sequence
from typing import Protocol

from tradepost.jobs.job import Job
from tradepost.jobs.ports import HasJobs, HasJobSchedules
from tradepost.jobs.schedule import Schedule
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions


class ScheduledJobsTx(HasJobs, HasJobSchedules, Protocol): ...


class EnqueueScheduledJobs:
    """Enqueues what is due of these schedules and says how many that were. Any number of workers may call it."""

    access = the_shop_itself()

    def __init__(
        self, transactions: Transactions[ScheduledJobsTx], clock: Clock, ids: TypeIds, schedules: Sequence[Schedule]
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids
        self._schedules = {schedule.name: schedule for schedule in schedules}
        if len(self._schedules) != len(schedules):
            raise ValueError("Two schedules have the same name; give each its own.")

    async def __call__(self) -> int:
        if not self._schedules:
            return 0
        now = self._clock.now()

        async def work(tx: ScheduledJobsTx) -> int:
            known = await tx.job_schedules.due_times(list(self._schedules))
            due_now = 0
            for name, schedule in self._schedules.items():
                was = known.get(name)
                due, to = schedule.next_after(was, now)
                if to == was or not await tx.job_schedules.move(name, was, to) or not due:
                    continue
                due_now += 1
                await tx.jobs.enqueue(
                    Job.new(
                        self._ids.new("job"),
                        schedule.kind,
                        schedule.payload,
                        now=now,
                        unique_key=schedule.unique_key,
                        max_attempts=schedule.max_attempts,
                    )
                )
            return due_now

        return await self._transactions.run(work)
