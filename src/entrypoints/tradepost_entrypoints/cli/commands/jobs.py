"""`tradepost jobs`: the queue of background work."""

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import typer

from tradepost.kernel.pages import PageRequest
from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.group import Group
from tradepost_entrypoints.cli.shop import caller, container, machinery

if TYPE_CHECKING:  # the features take longer to import than help takes to show
    from tradepost.jobs import JobDetails, JobRunView, JobView, ScheduleView

jobs = Group(help="Work in the background: what waits, what runs, what failed.")

Which = Annotated[str, typer.Argument(metavar="JOB", help="The job's id.", show_default=False)]

_JOB: "output.Fields[JobView]" = {
    "Id": lambda job: job.id,
    "Kind": lambda job: job.kind,
    "State": lambda job: job.state,
    "Due": lambda job: job.run_at,
    "Attempts": lambda job: f"{job.attempts} of {job.max_attempts}",
    "Worker": lambda job: job.worker,
    "Lease until": lambda job: job.lease_until,
    "Unique key": lambda job: job.unique_key,
    "Payload": lambda job: job.payload or None,
    "Created": lambda job: job.created_at,
    "Started": lambda job: job.started_at,
    "Finished": lambda job: job.finished_at,
    "Last error": lambda job: _last_line(job.last_error),
}
_COLUMNS = {name: _JOB[name] for name in ("Id", "Kind", "State", "Due", "Attempts", "Finished", "Last error")}
_RUN: "output.Fields[JobRunView]" = {
    "Attempt": lambda run: run.attempt,
    "Outcome": lambda run: run.outcome,
    "Worker": lambda run: run.worker,
    "Started": lambda run: run.started_at,
    "Finished": lambda run: run.finished_at,
    "Took": lambda run: _took(run),
    "Result": lambda run: _result(run),
    "Error": lambda run: _last_line(run.error),
}
_HISTORY: "output.Fields[JobRunView]" = {
    "Job": lambda run: run.job_id,
    "Kind": lambda run: run.kind,
    **{name: _RUN[name] for name in ("Attempt", "Outcome", "Started", "Took", "Result", "Error")},
}
_SCHEDULE: "output.Fields[ScheduleView]" = {
    "Name": lambda schedule: schedule.name,
    "Every": lambda schedule: _span(schedule.every.total_seconds()),
    "Next due": lambda schedule: schedule.due_at,
    "Last run": lambda schedule: schedule.last_run and schedule.last_run.started_at,
    "Took": lambda schedule: schedule.last_run and _took(schedule.last_run),
    "Outcome": lambda schedule: schedule.last_run and schedule.last_run.outcome,
    "Result": lambda schedule: schedule.last_run and _result(schedule.last_run),
}


@jobs.command("list", uses=("list_jobs",))
async def list_(
    state: Annotated[
        Literal["queued", "running", "done", "dead"] | None, typer.Option(help="Only these.", show_default=False)
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Only of this kind.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=100)] = 20,
    cursor: Annotated[str | None, typer.Option(help="Where the last list ended.", show_default=False)] = None,
) -> None:
    """List the jobs, newest first."""
    from tradepost.jobs import JobFilter, JobState, ListJobsCommand

    which = JobFilter(state=JobState(state) if state else None, kind=kind)
    page = PageRequest(limit=limit, cursor=cursor)
    async with container() as opened:
        found = await opened.list_jobs()(ListJobsCommand(actor=caller(), which=which, page=page))
    output.listing(found, _COLUMNS, empty="No jobs.")


@jobs.command("show", uses=("get_job",))
async def show(job: Which) -> None:
    """Show a job and its latest runs."""
    details = await _details(job)
    output.show(details.job, _JOB, whole=details)
    output.also("Runs", details.runs, _RUN)
    if details.job.last_error and not output.for_programs.get():
        output.note(f"\n{details.job.last_error}")


@jobs.command("history", uses=("list_job_runs",))
async def history(
    job: Annotated[
        str | None, typer.Argument(metavar="[JOB]", help="The job's id; without it, of all jobs.", show_default=False)
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="Only of this kind, such as ledger.seal.", show_default=False)
    ] = None,
    outcome: Annotated[
        Literal["succeeded", "failed", "lost", "handed_back"] | None,
        typer.Option(help="Only these.", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=100)] = 20,
    cursor: Annotated[str | None, typer.Option(help="Where the last list ended.", show_default=False)] = None,
) -> None:
    """List what was run, the latest first: when, how long it took and what came of it."""
    from tradepost.jobs import JobId, JobRunFilter, ListJobRunsCommand, RunOutcome

    which = JobRunFilter(
        job_id=JobId(job) if job else None, kind=kind, outcome=RunOutcome(outcome) if outcome else None
    )
    page = PageRequest(limit=limit, cursor=cursor)
    async with container() as opened:
        found = await opened.list_job_runs()(ListJobRunsCommand(actor=caller(), which=which, page=page))
    output.listing(found, _HISTORY, empty="Nothing has run yet.")


@jobs.command("schedules", uses=("list_schedules",))
async def schedules() -> None:
    """List what the shop does by itself: how often, when next, and how it went last."""
    from tradepost.jobs import ListSchedulesCommand

    async with container() as opened:
        found = await opened.list_schedules()(ListSchedulesCommand(actor=caller()))
    output.listing(found, _SCHEDULE, empty="Nothing recurs.")


@jobs.command("run", uses=("run_job_now",))
async def run(
    job: Annotated[
        str | None, typer.Argument(metavar="[JOB]", help="The job's id: make it due now.", show_default=False)
    ] = None,
) -> None:
    """Make a queued job due at once; or, without naming one, do here and now what is due, facts that wait to be told
    included."""
    from tradepost.jobs import JobId, RunJobNowCommand
    from tradepost_entrypoints.worker.background import tell_and_work

    if job is not None:
        async with container() as opened:
            view = await opened.run_job_now()(RunJobNowCommand(actor=caller(), job_id=JobId(job)))
        output.done(f"Job {view.id} is due now; the next free worker takes it.", view)
        return
    async with machinery(secrets=True) as opened:  # links in mails are made of them
        done = await tell_and_work(opened)
    output.done(f"{done} jobs were run.", {"run": done})


@jobs.command("retry", uses=("retry_job",))
async def retry(job: Which) -> None:
    """Queue a dead job again, with all its attempts."""
    from tradepost.jobs import JobId, RetryJobCommand

    async with container() as opened:
        view = await opened.retry_job()(RetryJobCommand(actor=caller(), job_id=JobId(job)))
    output.done(f"Job {view.id} is queued again.", view)


async def _details(job: str) -> "JobDetails":
    from tradepost.jobs import GetJobCommand, JobId

    async with container() as opened:
        return await opened.get_job()(GetJobCommand(actor=caller(), job_id=JobId(job)))


def _last_line(error: str | None) -> str | None:
    """What went wrong: the traceback above it is for `jobs show`."""
    return error.rstrip().rpartition("\n")[2] if error else None


def _result(run: "JobRunView") -> object:
    return msgspec.json.encode(run.result).decode() if isinstance(run.result, dict | list) else run.result


def _took(run: "JobRunView") -> str:
    return _span((run.finished_at - run.started_at).total_seconds())


def _span(seconds: float) -> str:
    """In the largest unit that it fills."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1_000:.3g} ms"
