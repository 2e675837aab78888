"""The loops that do the background work of one process."""

import asyncio
import logging
import os
import random
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from tradepost.jobs.claim_jobs import ClaimJobs
from tradepost.jobs.enqueue_scheduled_jobs import EnqueueScheduledJobs
from tradepost.jobs.job_runner import JobRunner
from tradepost.jobs.realign_jobs import RealignJobs
from tradepost.jobs.run_due_jobs import RunDueJobs
from tradepost.jobs.run_job import RunJob
from tradepost.kernel.wakeups import Topic
from tradepost.mail.letters import KIND as MAIL
from tradepost.messaging.consumers import Consumers
from tradepost.messaging.deliver_messages import DeliverMessages
from tradepost.messaging.receive_messages import ReceiveMessages
from tradepost.messaging.relay import Relay
from tradepost.messaging.retry_parked import RetryParked
from tradepost.webhooks.deliver_webhook import PLACES
from tradepost.webhooks.delivery import DELIVER
from tradepost_entrypoints.container import Container
from tradepost_entrypoints.logs import redact_text
from tradepost_entrypoints.schedules import SCHEDULES
from tradepost_entrypoints.worker.recurring import handlers

GROUP = "tradepost"
"""What brokers know the consumers of the shop by: all its processes are one group."""

PATIENCE = 20.0
"""Seconds that work under way gets to finish when the process is told to stop; after that it is handed back."""

PAUSE = 1.0
"""Seconds after which a loop that ended by a mistake begins again."""

_log = logging.getLogger(__name__)


@asynccontextmanager
async def background(container: Container) -> AsyncIterator[None]:
    """While this is entered, recurring jobs are done and messages delivered. The container is opened already."""
    told = container.consumers()
    receiving = container.broker().subscribe(GROUP, receive_messages(container, told))
    loops: tuple[_Loop, ...] = (
        job_runner(container, lambda kind: kind not in (MAIL, DELIVER)),
        # A mail server that hangs holds up mail alone, and other systems their webhooks: recovery of payments has places
        # of its own.
        job_runner(container, lambda kind: kind == MAIL),
        job_runner(container, lambda kind: kind == DELIVER, places=PLACES),
        Relay(deliver_messages(container), container.wakeups()),
        # What is parked for a consumer that hangs holds up nothing that is parked for others.
        *(
            Relay(retry_parked(container, each), container.wakeups(), topic=Topic.PARKED, lanes=1)
            for each in told.alone()
        ),
    )
    async with _running((receiving,)), _running(loops):  # relays end first: they may need who receives
        yield


class _Loop(Protocol):
    async def run(self) -> None: ...

    def stop(self) -> None: ...


@asynccontextmanager
async def _running(loops: Sequence[_Loop]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(_kept_running(loop), name=type(loop).__name__) for loop in loops]
    try:
        yield
    finally:
        for loop in loops:
            loop.stop()
        _, late = await asyncio.wait(tasks, timeout=PATIENCE)
        for task in late:
            _log.warning("%s did not finish within %g s; its work is handed back.", task.get_name(), PATIENCE)
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _kept_running(loop: _Loop) -> None:
    """A loop that ended by a mistake begins again: otherwise this process looked alive, and nothing were delivered."""
    task = asyncio.current_task()
    while True:
        try:
            return await loop.run()
        except (Exception, asyncio.CancelledError):
            if task is not None and task.cancelling():
                raise
            _log.exception("%s ended by a mistake; it begins again in %g s.", type(loop).__name__, PAUSE)
        await asyncio.sleep(PAUSE)


def job_runner(container: Container, wanted: Callable[[str], bool] = lambda _: True, *, places: int = 4) -> JobRunner:
    """Does the jobs of the kinds that are wanted, so many at a time."""
    transactions, clock = container.backend().transactions, container.clock()
    enqueue, claim, run = _steps(container, wanted)
    realign = RealignJobs(transactions, clock)
    return JobRunner(enqueue, realign, claim, run, container.wakeups(), clock, concurrency=places)


def run_due_jobs(container: Container) -> RunDueJobs:
    """The same work once through, for whoever has no worker running."""
    return RunDueJobs(*_steps(container))


def deliver_messages(container: Container) -> DeliverMessages:
    """One pass of a relay."""
    return DeliverMessages(
        container.backend().transactions, container.broker().publish, container.clock(), relay=process_name()
    )


def receive_messages(container: Container, told: Consumers) -> ReceiveMessages:
    """What a broker gives messages to."""
    backend = container.backend()
    return ReceiveMessages(
        told,
        backend.transactions,
        backend.parked_views,
        container.clock(),
        random=random.random,
        conceal=redact_text,
    )


def retry_parked(container: Container, told: Consumers) -> RetryParked:
    """One pass over what consumers could not take."""
    return RetryParked(
        told, container.backend().transactions, container.clock(), random=random.random, conceal=redact_text
    )


async def tell_and_work(container: Container) -> int:
    """Everything that waits, once through, for whoever has no worker running: facts are told, jobs that are due are run.

    Says how many jobs those were. Facts that go to a broker outside are told when a worker receives them.
    """
    who = container.consumers()
    receiving = container.broker().subscribe(GROUP, receive_messages(container, who))
    deliver, retry, due = deliver_messages(container), retry_parked(container, who), run_due_jobs(container)
    done = 0
    async with _running((receiving,)):
        while True:
            told = await deliver() + await retry()  # first: some of them are jobs
            ran = await due()
            done += ran
            if not told and not ran:
                return done


def process_name() -> str:
    """What leases name this process by: two never have the same, even where hosts and process ids repeat."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


def _steps(
    container: Container, wanted: Callable[[str], bool] = lambda _: True
) -> tuple[EnqueueScheduledJobs, ClaimJobs, RunJob]:
    transactions, clock = container.backend().transactions, container.clock()
    kinds = handlers(container)
    schedules = [schedule for schedule in SCHEDULES if wanted(schedule.kind)]
    return (
        EnqueueScheduledJobs(transactions, clock, container.ids(), schedules),
        ClaimJobs(transactions, clock, [kind for kind in kinds.kinds if wanted(kind)], worker=process_name()),
        RunJob(transactions, clock, kinds, random=random.random),
    )
