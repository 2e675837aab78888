"""Five worker processes over one schedule, one of which is killed while it holds the job."""

import asyncio
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from tradepost.jobs.claim_jobs import LEASE
from tradepost.jobs.job import JobState
from tradepost.jobs.views import JobFilter, JobView
from tradepost.kernel.pages import PageRequest
from tradepost_adapters.sql.backend import SqlBackend

EVERY = timedelta(seconds=1)
WORKERS = 5
CHILD = """
import asyncio, os, random, sys
from datetime import timedelta
from pathlib import Path
from tradepost.jobs import *
from tradepost.kernel.clock import SystemClock
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.wakeups import LocalWakeUps
from tradepost_adapters.sql.backend import SqlBackend

url, folder = sys.argv[1], Path(sys.argv[2])
lease, clock = timedelta(seconds=2), SystemClock()
log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

async def sweep(payload):
    os.write(log, b"begin %d\\n" % os.getpid())
    if (folder / "hold").exists():
        os.write(log, b"held %d\\n" % os.getpid())
    while (folder / "hold").exists():
        await asyncio.sleep(0.01)
    os.write(log, b"end %d\\n" % os.getpid())

async def main():
    backend = await SqlBackend.open(url)
    run = backend.transactions
    handlers = JobHandlers()
    handlers.add("sweep", sweep)
    await JobRunner(
        EnqueueScheduledJobs(run, clock, TypeIds(), [Schedule(name="sweep", kind="sweep", every=timedelta(seconds=1))]),
        RealignJobs(run, clock),
        ClaimJobs(run, clock, ["sweep"], worker=str(os.getpid()), lease=lease),
        RunJob(run, clock, handlers, random=random.random, lease=lease),
        LocalWakeUps(), clock, poll=0.05, lease=lease,
    ).run()

asyncio.run(main())
"""


async def entries(folder: Path, at_least: int) -> list[tuple[str, int]]:
    """What the workers have written down, once there is so much of it."""
    log = folder / "log"
    while True:
        lines = log.read_text().splitlines() if log.exists() else []
        if len(lines) >= at_least:
            return [(word, int(pid)) for word, pid in map(str.split, lines)]
        await asyncio.sleep(0.02)


async def test_work_is_done_once_a_round_by_one_at_a_time_and_goes_on_when_its_worker_is_killed(
    database_url: str, tmp_path: Path
) -> None:
    workers = {}
    for _ in range(WORKERS):
        child = _worker(database_url, tmp_path)
        workers[child.pid] = child
    try:
        async with asyncio.timeout(90):
            await entries(tmp_path, 4)
            (tmp_path / "hold").touch()
            while (seen := await entries(tmp_path, 5))[-1][0] != "held":
                await entries(tmp_path, len(seen) + 1)
            held = len(seen)
            killed = seen[-1][1]
            workers[killed].send_signal(signal.SIGKILL)
            workers[killed].wait()
            (tmp_path / "hold").unlink()
            seen = await entries(tmp_path, held + 6)
    finally:
        for worker in workers.values():
            worker.kill()
            worker.wait()
    assert [word for word, _ in seen[:held]] == ["begin", "end"] * (held // 2 - 1) + ["begin", "held"]
    assert [word for word, _ in seen[held : held + 6]] == ["begin", "end"] * 3
    assert killed not in {pid for _, pid in seen[held:]}
    jobs = await _jobs(database_url)
    assert [job.attempts for job in jobs if job.state is JobState.DONE and job.attempts != 1] == [2]
    rounds = [(job.created_at - jobs[0].created_at) // EVERY for job in jobs]
    assert len(rounds) == len(set(rounds)), rounds


def test_what_a_dead_worker_held_is_taken_within_half_a_minute() -> None:
    housekeeping = timedelta(seconds=1)
    assert LEASE + 2 * housekeeping <= timedelta(seconds=30)


def _worker(database_url: str, folder: Path) -> "subprocess.Popen[bytes]":
    root = Path(__file__).parents[3]
    return subprocess.Popen([sys.executable, "-c", CHILD, database_url, str(folder)], cwd=root)


async def _jobs(database_url: str) -> tuple[JobView, ...]:
    """The oldest first."""
    backend = await SqlBackend.open(database_url)
    page = await backend.job_views.page(JobFilter(), PageRequest(limit=100, sort="created_at"))
    await backend.close()
    return page.items
