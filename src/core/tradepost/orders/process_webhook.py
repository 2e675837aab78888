"""Deal with an event that a gateway reported: ask what has become of what it names, and record that."""

from datetime import timedelta
from typing import Any, Protocol

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.errors import NotFound
from tradepost.kernel.transactions import Transactions
from tradepost.orders.operation_runner import OperationRunner
from tradepost.orders.ports import OrderTx
from tradepost.orders.record_dispute import RecordDispute
from tradepost.payments.gateway import Refund
from tradepost.payments.payment import Operation
from tradepost.payments.webhooks import HasWebhookEvents, WebhookEvent


class ProcessWebhookTx(OrderTx, HasWebhookEvents, Protocol):
    """What dealing with an event touches."""


class EventTooEarly(Exception):
    """It names something that is not written down yet, or of which nobody can say yet what became: try again later."""


class ProcessWebhook:
    """Done by a job, which comes again when it raises `EventTooEarly`.

    What the event says of the money plays no part: the gateway is asked, and `OperationRunner` records the answer, as it
    does for every other way an answer comes. An operation unknown to us is waited for, for as long as `patience`; then
    the event is somebody else's who uses the same account.
    """

    access = the_shop_itself()

    def __init__(
        self,
        transactions: Transactions[ProcessWebhookTx],
        runner: OperationRunner,
        record_dispute: RecordDispute,
        clock: Clock,
        *,
        patience: timedelta = timedelta(hours=1),
    ) -> None:
        self._transactions = transactions
        self._runner = runner
        self._record_dispute = record_dispute
        self._clock = clock
        self._patience = patience

    async def __call__(self, payload: dict[str, Any]) -> None:
        event, found = await self._find(payload["gateway"], payload["id"])
        if event.processed_at is not None:
            return
        news = False
        for operation in found:
            if not operation.settled or isinstance(operation.request, Refund):  # which may fail after all
                news |= await self._settled(operation, event.gateway)
        disputes = [await self._record_dispute(event.gateway, reference) for reference in event.disputes]
        missing = len(found) < len(event.operation_ids) or None in disputes
        if missing and self._clock.now() - event.received_at < self._patience:
            raise EventTooEarly(f"{event.id} names something that is not there yet.")
        known = found or any(each is not None for each in disputes)
        outcome = "settled" if news or any(disputes) else "nothing_new" if known else "not_ours"

        async def note(tx: ProcessWebhookTx) -> None:
            await tx.webhook_events.processed(event.gateway, event.id, outcome, self._clock.now())

        await self._transactions.run(note)

    async def _settled(self, operation: Operation, gateway: str) -> bool:
        before = operation.status
        _, after = await self._runner.ask(operation, gateway)
        if not after.settled and after.next_action is None and after.reference is None:
            raise EventTooEarly(f"What became of {operation.id} can not be said yet.")
        return after.settled and after.status is not before

    async def _find(self, gateway: str, event_id: str) -> tuple[WebhookEvent, list[Operation]]:
        async def work(tx: ProcessWebhookTx) -> tuple[WebhookEvent, list[Operation]]:
            event = await tx.webhook_events.get(gateway, event_id)
            found = []
            for operation_id in event.operation_ids:
                try:
                    operation = await tx.operations.get(operation_id)
                except NotFound:
                    continue
                if (await tx.payments.get(operation.payment_id)).gateway == gateway:
                    found.append(operation)
            return event, found

        return await self._transactions.run(work)
