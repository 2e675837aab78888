"""Do a queued job now."""

import msgspec

from tradepost.jobs.job import JobId
from tradepost.jobs.ports import HasJobQueue
from tradepost.jobs.views import JobView
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.transactions import StaleVersion, Transactions


class RunJobNowCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    job_id: JobId


class RunJobNow:
    """Makes a queued job due at once, whatever it was waiting for. Needs `jobs:write`.

    Raises `job.not_found`, `job.not_queued`.
    """

    access = staff(Permission.JOBS_WRITE)

    def __init__(self, transactions: Transactions[HasJobQueue], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def __call__(self, command: RunJobNowCommand) -> JobView:
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: HasJobQueue) -> JobView:
            job = await tx.job_queue.get(command.job_id)
            hastened = job.hastened(now)
            if not await tx.job_queue.save(hastened, job.state):
                raise StaleVersion(job.id)
            return JobView.of(hastened)

        return await self._transactions.run(work)
