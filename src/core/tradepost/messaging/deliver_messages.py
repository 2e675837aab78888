"""One pass of a relay: lease partitions, hand their messages to the consumers, note how that went."""

import asyncio
import traceback
from collections.abc import Callable, Iterable
from datetime import timedelta

from tradepost.kernel.backoff import Backoff
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.transactions import Transactions
from tradepost.messaging.consumers import Consumers
from tradepost.messaging.delivery import DeliveryFailure, PartitionLease, Term, Waiting
from tradepost.messaging.ports import HasDeliveries


class DeliverMessages:
    """Delivers what waits in the outbox and says how much it was.

    Aggregates are served side by side (`concurrency` at a time), the messages of one in their order. A message that
    fails holds back the rest of its aggregate until it is tried again, and is set aside as dead after `max_failures`.
    All consumers of a message are tried even if one fails; those that took it know it when it comes again.

    `relay` names this one among several. `patience` is how long a consumer may take over one message.
    """

    access = the_shop_itself()

    def __init__(
        self,
        transactions: Transactions[HasDeliveries],
        consumers: Consumers,
        clock: Clock,
        *,
        relay: str,
        random: Callable[[], float],
        lease: timedelta = timedelta(seconds=30),
        backoff: Backoff = Backoff(),  # noqa: B008 - immutable
        max_failures: int = 15,
        partitions: int = 16,
        batch: int = 50,
        concurrency: int = 8,
        patience: timedelta = timedelta(seconds=20),
    ) -> None:
        self._transactions = transactions
        self._consumers = consumers
        self._clock = clock
        self._relay = relay
        self._random = random
        self._lease = lease
        self._backoff = backoff
        self._max_failures = max_failures
        self._partitions = partitions
        self._batch = batch
        self._concurrency = concurrency
        self._patience = patience.total_seconds()

    async def __call__(self) -> int:
        leases, waiting = await self._take()
        if not leases:
            return 0
        held = {lease.partition for lease in leases}
        done: list[Waiting] = []
        failures: list[DeliveryFailure] = []
        renewing = asyncio.create_task(self._renew(leases, held))
        try:
            await self._deliver_all(waiting, held, done, failures)
        finally:
            # Also when this relay is told to stop: what was delivered is noted, and others need not wait for the leases.
            renewing.cancel()
            await self._settle(leases, done, failures)
        return len(done)

    async def _take(self) -> tuple[tuple[PartitionLease, ...], tuple[Waiting, ...]]:
        term = Term.of(self._clock.now(), self._lease)

        async def work(tx: HasDeliveries) -> tuple[tuple[PartitionLease, ...], tuple[Waiting, ...]]:
            leases = await tx.deliveries.lease(self._relay, term, self._partitions)
            return leases, await tx.deliveries.waiting(leases, term, self._batch) if leases else ()

        return await self._transactions.run(work)

    async def _renew(self, leases: tuple[PartitionLease, ...], held: set[int]) -> None:
        """Keep the leases while the pass lasts, and take from `held` those that are lost."""
        pause = self._lease.total_seconds() / 3
        tried_in_vain = 0
        while True:
            await asyncio.sleep(pause)
            try:
                ours = await self._extend(leases)
            except Exception:
                tried_in_vain += 1
                if tried_in_vain == 2:  # one more and the leases are over; stop while they are ours
                    held.clear()
            else:
                tried_in_vain = 0
                held &= {lease.partition for lease in ours}

    async def _extend(self, leases: tuple[PartitionLease, ...]) -> tuple[PartitionLease, ...]:
        until = self._clock.now() + self._lease

        async def work(tx: HasDeliveries) -> tuple[PartitionLease, ...]:
            return await tx.deliveries.extend(leases, until)

        return await self._transactions.run(work)

    async def _deliver_all(
        self, waiting: Iterable[Waiting], held: set[int], done: list[Waiting], failures: list[DeliveryFailure]
    ) -> None:
        slots = asyncio.Semaphore(self._concurrency)

        async def one_aggregate(messages: list[Waiting]) -> None:
            async with slots:
                for message in messages:
                    if message.partition not in held:
                        return
                    error = await self._deliver(message)
                    if error is not None:
                        failures.append(self._failure(message, error))
                        return
                    done.append(message)

        aggregates: dict[str, list[Waiting]] = {}
        for item in waiting:
            aggregates.setdefault(item.message.aggregate_id, []).append(item)
        async with asyncio.TaskGroup() as group:
            for messages in aggregates.values():
                group.create_task(one_aggregate(sorted(messages, key=lambda item: item.message.sequence)))

    async def _deliver(self, waiting: Waiting) -> str | None:
        """What went wrong; None when all consumers have taken it."""
        errors: list[str] = []
        for consumer in self._consumers.of(waiting.message):
            try:
                async with asyncio.timeout(self._patience):
                    await consumer(waiting.message)
            except Exception as error:  # whatever a consumer does, the other messages go out
                errors.append(f"{consumer.name}: {''.join(traceback.format_exception(error))}")
        return "\n".join(errors) or None

    def _failure(self, waiting: Waiting, error: str) -> DeliveryFailure:
        return DeliveryFailure.of(
            waiting,
            error,
            at=self._clock.now(),
            backoff=self._backoff,
            max_failures=self._max_failures,
            random=self._random,
        )

    async def _settle(
        self, leases: tuple[PartitionLease, ...], done: list[Waiting], failures: list[DeliveryFailure]
    ) -> None:
        at = self._clock.now()

        async def work(tx: HasDeliveries) -> None:
            ours = {lease.partition for lease in await tx.deliveries.extend(leases, None)}
            await tx.deliveries.delivered([item for item in done if item.partition in ours], at)
            await tx.deliveries.failed([item for item in failures if item.partition in ours])

        await self._transactions.run(work)
