"""Give a dead job another life."""

import msgspec

from tradepost.jobs.job import JobId
from tradepost.jobs.ports import HasJobQueue
from tradepost.jobs.views import JobView
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.transactions import StaleVersion, Transactions


class RetryJobCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    job_id: JobId


class RetryJob:
    """Queues a dead job again, with all its attempts. Needs `jobs:write`.

    Raises `job.not_found`, `job.not_dead`, `job.key_held`.
    """

    access = staff(Permission.JOBS_WRITE)

    def __init__(self, transactions: Transactions[HasJobQueue], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def __call__(self, command: RetryJobCommand) -> JobView:
        self.access.check(command.actor)
        now = self._clock.now()

        async def work(tx: HasJobQueue) -> JobView:
            job = await tx.job_queue.get(command.job_id)
            retried = job.retried(now)
            if not await tx.job_queue.save(retried, job.state):
                raise StaleVersion(job.id)
            return JobView.of(retried)

        return await self._transactions.run(work)
