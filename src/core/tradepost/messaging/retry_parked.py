"""Give parked messages to their consumers again."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from tradepost.kernel.backoff import Backoff
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.transactions import Transactions
from tradepost.messaging.consumers import Consumers
from tradepost.messaging.delivery import Term
from tradepost.messaging.parking import Parked
from tradepost.messaging.ports import HasParking
from tradepost.messaging.receive_messages import MAX_FAILURES, PATIENCE, attempt

LEASE = timedelta(seconds=25)
"""For how long what was claimed is not given to another process: longer than a consumer may take."""


class RetryParked:
    """One pass: gives what is due, of each aggregate the first alone, and says how many that were.

    What fails again comes again after a longer pause, and is a dead letter after `max_failures`; then the aggregate goes
    on without it. `conceal` takes out of errors what nobody may read there.
    """

    access = the_shop_itself()

    def __init__(
        self,
        consumers: Consumers,
        transactions: Transactions[HasParking],
        clock: Clock,
        *,
        random: Callable[[], float],
        backoff: Backoff = Backoff(),  # noqa: B008 - immutable
        max_failures: int = MAX_FAILURES,
        patience: timedelta = PATIENCE,
        conceal: Callable[[str], str] = str,
        lease: timedelta = LEASE,
        batch: int = 16,
    ) -> None:
        self._consumers = consumers
        self._transactions = transactions
        self._clock = clock
        self._random = random
        self._backoff = backoff
        self._max_failures = max_failures
        self._patience = patience
        self._conceal = conceal
        self._lease = lease
        self._batch = batch

    async def __call__(self) -> int:
        term = Term.of(self._clock.now(), self._lease)

        async def claim(tx: HasParking) -> tuple[Parked, ...]:
            return await tx.parking.claim(self._consumers.names, term, self._batch)

        claimed = await self._transactions.run(claim)
        if not claimed:
            return 0
        answers = await asyncio.gather(*map(self._give, claimed))
        taken = [item for item, error in zip(claimed, answers, strict=True) if error is None]
        failed = [self._failed(item, error) for item, error in zip(claimed, answers, strict=True) if error is not None]

        async def note(tx: HasParking) -> None:
            await tx.parking.taken(taken)
            await tx.parking.failed(failed)

        await self._transactions.run(note)
        return len(claimed)

    async def _give(self, parked: Parked) -> str | None:
        return await attempt(self._consumers.named(parked.consumer), [parked.message], self._patience)

    def _failed(self, parked: Parked, error: str) -> Parked:
        return parked.failed(
            self._conceal(error),
            at=self._clock.now(),
            backoff=self._backoff,
            max_failures=self._max_failures,
            random=self._random,
        )
