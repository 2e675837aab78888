"""Do one claimed job, and say how it went."""

import asyncio
import logging
import traceback
from collections.abc import Callable
from datetime import timedelta

from tradepost.jobs.claim_jobs import LEASE
from tradepost.jobs.handlers import GiveUp, JobHandlers
from tradepost.jobs.job import Job, JobRun, JobState, RunOutcome
from tradepost.jobs.ports import HasJobQueue
from tradepost.kernel.backoff import Backoff
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.errors import storable
from tradepost.kernel.transactions import Transactions

_log = logging.getLogger(__name__)


class RunJob:
    """Runs the handler of a job while holding its lease, then notes the outcome: done, queued again or dead.

    A worker whose lease was lost (its heartbeats did not get through in time) is stopped and notes nothing: the job is
    somebody else's by then. One that is canceled hands its job back.
    """

    access = the_shop_itself()

    def __init__(
        self,
        transactions: Transactions[HasJobQueue],
        clock: Clock,
        handlers: JobHandlers,
        *,
        random: Callable[[], float],
        backoff: Backoff = Backoff(),  # noqa: B008 - immutable
        lease: timedelta = LEASE,
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._handlers = handlers
        self._random = random
        self._backoff = backoff
        self._lease = lease

    async def __call__(self, job: Job) -> RunOutcome:
        handler = self._handlers.of(job.kind)
        running = asyncio.ensure_future(handler.run(job.payload))
        holding = asyncio.create_task(self._hold(job))
        try:
            limit = handler.time_limit.total_seconds()
            await asyncio.wait({running, holding}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            lost, late = holding.done(), not running.done()
            await _stopped(running)
        except asyncio.CancelledError:
            await _stopped(running)
            at = self._clock.now()
            await self._save(job.handed_back(at), job.run(RunOutcome.HANDED_BACK, at))
            raise
        finally:
            holding.cancel()
        if late and lost:
            _log.warning("Job %s (%s) was lost to another worker while it ran.", job.id, job.kind)
            return RunOutcome.LOST
        error = f"It took longer than its limit of {limit:g} s." if late else _error_of(running)
        hopeless = not late and not running.cancelled() and isinstance(running.exception(), GiveUp)
        return await self._note(job, error, running.result() if error is None else None, hopeless=hopeless)

    async def _note(self, job: Job, error: str | None, result: object, *, hopeless: bool) -> RunOutcome:
        at = self._clock.now()
        if error is None:
            after, outcome = job.succeeded(at), RunOutcome.SUCCEEDED
        elif hopeless:
            after, outcome = job.given_up(error, at), RunOutcome.FAILED
            _log.warning("Job %s (%s) is dead, as trying again would not help: %s", job.id, job.kind, error)
        else:
            after, outcome = job.failed(error, at, self._backoff, self._random), RunOutcome.FAILED
            _log.warning("Job %s (%s) failed and is %s: %s", job.id, job.kind, after.state, error)
        if await self._save(after, job.run(outcome, at, error, result)):
            return outcome
        _log.warning("Job %s (%s) was finished too late: another worker has it.", job.id, job.kind)
        return RunOutcome.LOST

    async def _save(self, job: Job, run: JobRun) -> bool:
        async def work(tx: HasJobQueue) -> bool:
            return await tx.job_queue.save(job, JobState.RUNNING, run)

        return await self._transactions.run(work)

    async def _hold(self, job: Job) -> None:
        """Extend the lease for as long as it is ours; return when it is not."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            try:
                if not await self._extended(job):
                    return
            except Exception as error:  # the database is away: try again, and be told if that took too long
                _log.warning("The lease of job %s could not be extended: %s", job.id, error)

    async def _extended(self, job: Job) -> bool:
        now = self._clock.now()

        async def work(tx: HasJobQueue) -> bool:
            return await tx.job_queue.extend(job, now, now + self._lease)

        return await self._transactions.run(work)


async def _stopped(running: "asyncio.Future[object]") -> None:
    if not running.done():
        running.cancel()
        await asyncio.wait({running})


def _error_of(running: "asyncio.Future[object]") -> str | None:
    if running.cancelled():
        return "It was canceled from within."
    error = running.exception()
    return None if error is None else storable("".join(traceback.format_exception(error)))
