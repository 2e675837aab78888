"""One pass of a relay: lease partitions, hand their messages on, note that they were."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.events import Message
from tradepost.kernel.transactions import Transactions
from tradepost.messaging.delivery import PartitionLease, Term, Waiting
from tradepost.messaging.ports import HasDeliveries

_log = logging.getLogger(__name__)


class DeliverMessages:
    """Hands what waits in the outbox to `publish` (of a broker) and says how much it was.

    `publish` gets the messages of a pass in the order of the outbox. When it raises, nothing is noted and they come
    again: a broker that is away costs no message one of its attempts. The next pass is of one partition then, and each that
    succeeds of twice as many, so one message that a broker will never take holds up its own partition and not those that
    happen to be handed on with it. `relay` names this one among several.
    """

    access = the_shop_itself()

    def __init__(
        self,
        transactions: Transactions[HasDeliveries],
        publish: Callable[[Sequence[Message]], Awaitable[None]],
        clock: Clock,
        *,
        relay: str,
        lease: timedelta = timedelta(seconds=20),
        partitions: int = 16,
        batch: int = 50,
    ) -> None:
        self._transactions = transactions
        self._publish = publish
        self._clock = clock
        self._relay = relay
        self._lease = lease
        self._partitions = self._at_once = partitions
        self._batch = batch

    async def __call__(self) -> int:
        leases, waiting = await self._take()
        if not leases:
            return 0
        renewing = asyncio.create_task(self._renew(leases))
        done: tuple[Waiting, ...] = ()
        try:
            await self._publish([item.message for item in waiting])
            done = waiting
            self._at_once = min(2 * self._at_once, self._partitions)
        except Exception:
            self._at_once = 1
            raise
        finally:
            # Also when this relay is told to stop or the broker is away: others need not wait for the leases.
            renewing.cancel()
            settled = await self._settle(leases, done)
        return settled

    async def _take(self) -> tuple[tuple[PartitionLease, ...], tuple[Waiting, ...]]:
        term = Term.of(self._clock.now(), self._lease)

        async def work(tx: HasDeliveries) -> tuple[tuple[PartitionLease, ...], tuple[Waiting, ...]]:
            leases = await tx.deliveries.lease(self._relay, term, self._at_once)
            return leases, await tx.deliveries.waiting(leases, self._batch) if leases else ()

        return await self._transactions.run(work)

    async def _renew(self, leases: tuple[PartitionLease, ...]) -> None:
        """Keep the leases while the pass lasts. Those that are lost are not asked for again: `_settle` sees it."""
        while leases:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            leases = await self._extend(leases)

    async def _extend(self, leases: tuple[PartitionLease, ...]) -> tuple[PartitionLease, ...]:
        until = self._clock.now() + self._lease

        async def work(tx: HasDeliveries) -> tuple[PartitionLease, ...]:
            return await tx.deliveries.extend(leases, until)

        try:
            return await self._transactions.run(work)
        except Exception as error:  # the database is away: tried again, and those lost meanwhile are seen then
            _log.warning("The leases of a relay could not be extended: %s", error)
            return leases

    async def _settle(self, leases: tuple[PartitionLease, ...], done: tuple[Waiting, ...]) -> int:
        at = self._clock.now()

        async def work(tx: HasDeliveries) -> int:
            ours = {lease.partition for lease in await tx.deliveries.extend(leases, None)}
            settled = [item for item in done if item.partition in ours]
            await tx.deliveries.delivered(settled, at)
            return len(settled)

        return await self._transactions.run(work)
