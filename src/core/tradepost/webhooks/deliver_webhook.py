"""Make one attempt to deliver: what a job of the kind `webhooks.deliver` does."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.errors import NotFound
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.mail.letters import post
from tradepost.webhooks.attempts import Attempts
from tradepost.webhooks.delivery import WebhookAttempt, WebhookDelivery
from tradepost.webhooks.endpoint import EndpointState, StateReason, WebhookEndpoint
from tradepost.webhooks.ports import WebhooksTx
from tradepost.webhooks.queueing import save_and_enqueue
from tradepost.webhooks.schedule import retry_after
from tradepost.webhooks.webhook_letters import STOPPED

PLACES = 16
"""Attempts a worker makes side by side."""

PLACES_OF_ONE = 4
"""Of these an endpoint has at most so many, so that a slow one does not hold up the others."""

WAIT = timedelta(seconds=0.5)
"""So long an attempt waits for one of them: behind an endpoint that answers it gets one, behind a slow one it makes room."""

TIME_LIMIT = timedelta(minutes=1)
"""For the job; the sender gives up after 20 s."""

GONE = 410
_SHORTEST = timedelta(seconds=5)
_LONGEST = timedelta(minutes=2)


class _Payload(msgspec.Struct):
    delivery_id: str
    endpoint_id: str
    version: int


class DeliverWebhook:
    """Sends what its job names, outside any transaction, and notes the attempt in one, together with the job of the
    next. A process that dies in between lets it be sent again: the same bytes under the same `webhook-id`.

    2xx alone is success. 410 disables the endpoint; one that nothing has reached for three days is paused; their owner
    gets a letter.
    """

    access = the_shop_itself()

    def __init__(
        self,
        transactions: Transactions[WebhooksTx],
        attempts: Attempts,
        clock: Clock,
        ids: TypeIds,
        *,
        random: Callable[[], float],
        most_of_one: int = PLACES_OF_ONE,
        wait: timedelta = WAIT,
    ) -> None:
        self._transactions = transactions
        self._attempts = attempts
        self._clock = clock
        self._ids = ids
        self._random = random
        self._most_of_one = most_of_one
        self._wait = wait.total_seconds()
        self._places: dict[str, asyncio.Semaphore] = {}
        self._here: Counter[str] = Counter()  # who holds or waits for a place, by endpoint

    async def __call__(self, payload: dict[str, Any]) -> bool:
        """Whether there was anything to send."""
        job = msgspec.convert(payload, _Payload)
        place = self._places.setdefault(job.endpoint_id, asyncio.Semaphore(self._most_of_one))
        self._here[job.endpoint_id] += 1
        try:
            try:
                async with asyncio.timeout(self._wait):
                    await place.acquire()
            except TimeoutError:
                await self._put_off(job)
                return False
            try:
                return await self._deliver(job)
            finally:
                place.release()
        finally:
            self._here[job.endpoint_id] -= 1
            if not self._here[job.endpoint_id]:
                del self._here[job.endpoint_id], self._places[job.endpoint_id]

    async def _deliver(self, job: _Payload) -> bool:
        found = await self._begin(job)
        if found is None:
            return False
        endpoint, delivery = found
        attempt = await self._attempts.make(endpoint, delivery)
        await self._note(job, attempt)
        return True

    async def _begin(self, job: _Payload) -> tuple[WebhookEndpoint, WebhookDelivery] | None:
        """What to send, unless it is done, or nobody wants it now."""
        now = self._clock.now()

        async def work(tx: WebhooksTx) -> tuple[WebhookEndpoint, WebhookDelivery] | None:
            delivery = await _waiting(tx, job)
            if delivery is None:
                return None
            endpoint = await _endpoint(tx, delivery)
            if endpoint is not None and endpoint.state is EndpointState.ENABLED:
                return endpoint, delivery
            if endpoint is None:
                delivery.cancel(now)
            else:
                delivery.hold()
            await tx.webhook_deliveries.save(delivery)
            return None

        return await self._transactions.run(work)

    async def _note(self, job: _Payload, attempt: WebhookAttempt) -> None:
        now = self._clock.now()

        async def work(tx: WebhooksTx) -> None:
            delivery = await _waiting(tx, job)
            if delivery is None:
                return  # somebody else noted theirs
            delivery.note(attempt)
            if attempt.succeeded:
                await tx.webhook_endpoints.recovered(delivery.endpoint_id)
                await tx.webhook_deliveries.save(delivery)
            else:
                await self._failed(tx, delivery, attempt, now)
            await tx.webhook_deliveries.note(attempt)  # after saving, which sees whether somebody else noted theirs

        await self._transactions.run(work)

    async def _failed(self, tx: WebhooksTx, delivery: WebhookDelivery, attempt: WebhookAttempt, now: datetime) -> None:
        endpoint = await _endpoint(tx, delivery)
        if endpoint is None:
            delivery.cancel(now)
        elif attempt.status == GONE:
            delivery.fail(now)
            if endpoint.disable(StateReason.GONE, now):
                await self._stopped(tx, endpoint, now)
        else:
            health = await tx.webhook_endpoints.failed(endpoint.id, now)
            delivery.try_later(now, self._random, retry_after(attempt.response_headers, now))
            enabled = endpoint.state is EndpointState.ENABLED
            if enabled and health.hopeless_at(now):
                endpoint.pause(StateReason.FAILING, now)
                await self._stopped(tx, endpoint, now)
            if delivery.next_attempt_at is not None:
                if endpoint.state is EndpointState.ENABLED:
                    await save_and_enqueue(tx, delivery, ids=self._ids, now=now)
                    return
                delivery.hold()
        await tx.webhook_deliveries.save(delivery)

    async def _stopped(self, tx: WebhooksTx, endpoint: WebhookEndpoint, now: datetime) -> None:
        await tx.webhook_endpoints.save(endpoint)
        if endpoint.owner_email is not None:
            about = {"endpoint_id": endpoint.id}
            await post(tx, STOPPED, about, ids=self._ids, at=now)

    async def _put_off(self, job: _Payload) -> None:
        """Let others have the place. The longer it has waited the longer it waits, as the endpoint is that slow."""
        now = self._clock.now()

        async def work(tx: WebhooksTx) -> None:
            delivery = await _waiting(tx, job)
            if delivery is not None:
                delivery.put_off(now + min(max((now - delivery.created_at) / 4, _SHORTEST), _LONGEST))
                await save_and_enqueue(tx, delivery, ids=self._ids, now=now)

        await self._transactions.run(work)


async def _waiting(tx: WebhooksTx, job: _Payload) -> WebhookDelivery | None:
    """The delivery, if this job is still the one that is to be done for it."""
    try:
        delivery = await tx.webhook_deliveries.get(job.delivery_id)
    except NotFound:
        return None
    return delivery if delivery.waits_for(job.version) else None


async def _endpoint(tx: WebhooksTx, delivery: WebhookDelivery) -> WebhookEndpoint | None:
    try:
        return await tx.webhook_endpoints.get(delivery.endpoint_id)
    except NotFound:
        return None
