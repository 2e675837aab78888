"""Work for later: delayed and recurring jobs in the application's own database.

A use case enqueues a job in its own transaction. A `JobRunner` claims due jobs under a lease and runs the handler of
their kind; what fails is tried again after growing pauses, and whoever falls silent loses its job to another worker.
"""

from tradepost.jobs.claim_jobs import LEASE, ClaimJobs
from tradepost.jobs.enqueue_scheduled_jobs import EnqueueScheduledJobs
from tradepost.jobs.get_job import GetJob, GetJobCommand
from tradepost.jobs.handlers import GiveUp, JobHandler, JobHandlers
from tradepost.jobs.job import Job, JobId, JobRun, JobState, KeyHeld, RunOutcome
from tradepost.jobs.job_runner import JobRunner
from tradepost.jobs.list_job_runs import ListJobRuns, ListJobRunsCommand
from tradepost.jobs.list_jobs import ListJobs, ListJobsCommand
from tradepost.jobs.list_schedules import ListSchedules, ListSchedulesCommand
from tradepost.jobs.ports import HasJobQueue, HasJobs, HasJobSchedules, JobQueue, Jobs, JobSchedules, JobViews
from tradepost.jobs.purge_jobs import PurgeJobs
from tradepost.jobs.realign_jobs import RealignJobs
from tradepost.jobs.retry_job import RetryJob, RetryJobCommand
from tradepost.jobs.run_due_jobs import RunDueJobs
from tradepost.jobs.run_job import RunJob
from tradepost.jobs.run_job_now import RunJobNow, RunJobNowCommand
from tradepost.jobs.schedule import Schedule
from tradepost.jobs.views import JobDetails, JobFilter, JobRunFilter, JobRunView, JobView, ScheduleView

__all__ = [
    "LEASE",
    "ClaimJobs",
    "EnqueueScheduledJobs",
    "GetJob",
    "GetJobCommand",
    "GiveUp",
    "HasJobQueue",
    "HasJobSchedules",
    "HasJobs",
    "Job",
    "JobDetails",
    "JobFilter",
    "JobHandler",
    "JobHandlers",
    "JobId",
    "JobQueue",
    "JobRun",
    "JobRunFilter",
    "JobRunView",
    "JobRunner",
    "JobSchedules",
    "JobState",
    "JobView",
    "JobViews",
    "Jobs",
    "KeyHeld",
    "ListJobRuns",
    "ListJobRunsCommand",
    "ListJobs",
    "ListJobsCommand",
    "ListSchedules",
    "ListSchedulesCommand",
    "PurgeJobs",
    "RealignJobs",
    "RetryJob",
    "RetryJobCommand",
    "RunDueJobs",
    "RunJob",
    "RunJobNow",
    "RunJobNowCommand",
    "RunOutcome",
    "Schedule",
    "ScheduleView",
]
