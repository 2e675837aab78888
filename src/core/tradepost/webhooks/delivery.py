"""A delivery: one message on its way to one endpoint, and the attempts it takes."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from tradepost.jobs.job import Job
from tradepost.kernel.events import Aggregate
from tradepost.kernel.ids import id_pattern
from tradepost.webhooks.schedule import pause_after

DELIVER = "webhooks.deliver"
"""The kind of job that makes one attempt."""

RECOVER = "webhooks.recover"
"""The kind of job that sends on what was held, and what was forgotten."""

JOB_ATTEMPTS = 40
"""Of the job of one attempt, for when its process dies or the database is away."""

WEBHOOK_DELIVERY_PATTERN = id_pattern("whd")


class DeliveryState(StrEnum):
    PENDING = "pending"
    HELD = "held"  # its endpoint is paused or disabled
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"  # its endpoint was deleted


class WebhookAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt, for the log: what was sent (the body is the delivery's; the signature is left out) and what came
    back, or why nothing did."""

    delivery_id: str
    number: int
    at: datetime
    duration: timedelta
    request_headers: Mapping[str, str]
    status: int | None = None
    response_headers: Mapping[str, str] = {}
    response_body: str = ""
    error: str | None = None
    error_detail: str | None = None

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class WebhookDelivery(Aggregate, kw_only=True):
    """A message for an endpoint. `body` is what every attempt sends, to the byte.

    `attempts` counts all there were, `tries` those since it was last begun: redelivering begins anew. The job of an
    attempt names the version it is for, so that an older job finds that there is nothing to do.
    """

    endpoint_id: str
    message_id: str
    event_type: str
    body: bytes
    created_at: datetime
    state: DeliveryState = DeliveryState.PENDING
    attempts: int = 0
    tries: int = 0
    next_attempt_at: datetime | None = None
    ended_at: datetime | None = None
    last_status: int | None = None
    last_error: str | None = None

    def begin(self, at: datetime) -> None:
        """Due at once, with all its tries."""
        self.state, self.tries, self.next_attempt_at, self.ended_at = DeliveryState.PENDING, 0, at, None

    def hold(self) -> None:
        """Wait until its endpoint is enabled again."""
        self.state, self.next_attempt_at, self.ended_at = DeliveryState.HELD, None, None

    def cancel(self, at: datetime) -> None:
        self._end(DeliveryState.CANCELED, at)

    def note(self, attempt: WebhookAttempt) -> None:
        """Count an attempt, and end with it when it succeeded."""
        self.attempts, self.tries = attempt.number, self.tries + 1
        self.last_status, self.last_error = attempt.status, attempt.error
        if attempt.succeeded:
            self._end(DeliveryState.SUCCEEDED, attempt.at + attempt.duration)

    def fail(self, at: datetime) -> None:
        """It is not tried any more by itself."""
        self._end(DeliveryState.FAILED, at)

    def try_later(self, at: datetime, random: Callable[[], float], wanted: timedelta | None) -> None:
        """After an attempt that failed: due after the next pause, or failed when there is none."""
        pause = pause_after(self.tries, random, wanted)
        if pause is None:
            self.fail(at)
        else:
            self.next_attempt_at = at + pause

    def put_off(self, until: datetime) -> None:
        """Due later than it was, without having been tried."""
        self.next_attempt_at = until

    def waits_for(self, version: int) -> bool:
        """Whether the job for that version is still to be done."""
        return self.state is DeliveryState.PENDING and self.version == version

    def job(self, job_id: str, now: datetime) -> Job:
        """The job of the next attempt, for the version that was saved; a second one has no effect while it is open."""
        due = self.next_attempt_at or now
        return Job.new(
            job_id,
            DELIVER,
            {"delivery_id": self.id, "version": self.version, "endpoint_id": self.endpoint_id},
            now=now,
            delay=max(due - now, timedelta(0)),
            unique_key=f"{DELIVER}:{self.id}:{self.version}",
            max_attempts=JOB_ATTEMPTS,
        )

    def _end(self, state: DeliveryState, at: datetime) -> None:
        self.state, self.next_attempt_at, self.ended_at = state, None, at
