"""Take in an event that a gateway reports: check it, keep it, and leave the rest to a job."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from tradepost.jobs.job import Job
from tradepost.jobs.ports import HasJobs
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import anybody
from tradepost.kernel.errors import NotFound
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.payments.webhooks import PROCESS, HasWebhookEvents, WebhookEvent, WebhookReader

_TRIES = 20  # with the usual pauses more than two hours


class ReceiveWebhookTx(HasWebhookEvents, HasJobs, Protocol):
    """What taking in an event touches."""


class ReceiveWebhookCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What came, as it came. Names of headers are in lower case."""

    gateway: str
    headers: Mapping[str, str]
    body: bytes


class WebhookReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """It is kept. `duplicate`: it was already."""

    id: str
    duplicate: bool


class ReceiveWebhook:
    """For whoever can sign for the gateway; there is no account behind it.

    Raises `webhook_endpoint.not_found` for a gateway that is not set up for it, and `webhook.signature_invalid`.
    """

    access = anybody()

    def __init__(
        self,
        transactions: Transactions[ReceiveWebhookTx],
        readers: Mapping[str, WebhookReader],
        clock: Clock,
        ids: TypeIds,
    ) -> None:
        self._transactions = transactions
        self._readers = readers
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: ReceiveWebhookCommand) -> WebhookReceipt:
        reader = self._readers.get(command.gateway)
        if reader is None:
            raise NotFound("webhook_endpoint", command.gateway)
        now = self._clock.now()
        notice = reader.read(command.headers, command.body, now)
        event = WebhookEvent(
            gateway=command.gateway,
            id=notice.id,
            type=notice.type,
            payload=command.body,
            operation_ids=notice.operation_ids,
            disputes=notice.disputes,
            received_at=now,
        )
        job_id = self._ids.new("job")

        async def work(tx: ReceiveWebhookTx) -> bool:
            if not await tx.webhook_events.add(event):
                return False
            if event.operation_ids or event.disputes:
                where = {"gateway": event.gateway, "id": event.id}
                await tx.jobs.enqueue(Job.new(job_id, PROCESS, where, now=now, max_attempts=_TRIES))
            else:
                await tx.webhook_events.processed(event.gateway, event.id, "not_ours", now)
            return True

        return WebhookReceipt(id=event.id, duplicate=not await self._transactions.run(work))
